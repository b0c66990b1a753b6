// Package examples holds the sample files of the example programs, which are in
// the folders below: quickstart shows the main job, query and lifecycle what comes
// after and around it, operations what these leave out, and each of the others one
// exchange with the service.
package examples

import "embed"

// Photos has the files of the folder photos, each under a name such as
// "photos/animals/cat.jpg". They are embedded so that the programs run from any
// directory.
//
//go:embed photos
var Photos embed.FS
