package wire

import "encoding/json"

// Elements calls visit with each element of the JSON array data, as it stands
// there. It reports false if data is not one valid JSON array.
func Elements(data []byte, visit func(element []byte)) bool {
	if !json.Valid(data) {
		return false
	}
	data = trimSpace(data)
	if data[0] != '[' {
		return false
	}
	for data = trimSpace(data[1:]); data[0] != ']'; {
		n := valueLen(data)
		visit(data[:n])
		if data = trimSpace(data[n:]); data[0] == ',' {
			data = trimSpace(data[1:])
		}
	}
	return true
}
