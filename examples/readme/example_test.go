package main

func Example() {
	main()
	// Output:
	// oss://test-bucket/hello.txt: ""
	// oss://test-bucket/missing.jpg: "[InvalidArgument] File does not exist."
}
