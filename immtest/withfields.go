package immtest

import (
	"fmt"
	"reflect"
)

// fields are those that WithFields asks for, by their places in File; none where it
// asks for all.
func (a *arguments) fields() []int {
	var names []string
	a.json("WithFields", &names)
	chosen := make([]int, 0, len(names))
	for i, name := range names {
		field, ok := fieldsByName(fileType)[name]
		if !ok {
			a.refuse(invalidArgument(fmt.Sprintf("WithFields[%d]", i), "there is no field of that name"))
		}
		chosen = append(chosen, field)
	}
	return chosen
}

// chooseFields leaves of a file the fields that a call asked for, and nothing else:
// a caller that wants to tell the files apart asks for URI, too.
func chooseFields(file *File, chosen []int) File {
	if len(chosen) == 0 {
		return *file
	}
	var some File
	from, to := reflect.ValueOf(file).Elem(), reflect.ValueOf(&some).Elem()
	for _, field := range chosen {
		to.Field(field).Set(from.Field(field))
	}
	return some
}
