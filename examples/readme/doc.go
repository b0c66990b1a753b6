// Command readme is the program that README.md shows. A test compares the two.
package main
