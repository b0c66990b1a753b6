package wire

// Elements calls visit with each element of the JSON array data, as it stands
// there. It reports false if data is not one valid JSON array.
func Elements(data []byte, visit func(element []byte)) bool {
	if !valid(data) {
		return false
	}
	data = trimSpace(data)
	if data[0] != '[' {
		return false
	}
	for i := skipSpace(data, 1); data[i] != ']'; {
		end := valueEnd(data, i)
		visit(data[i:end])
		i = nextItem(data, end)
	}
	return true
}
