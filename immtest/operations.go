package immtest

// operation answers one call with the value that becomes the JSON of the
// response.
type operation func(*Server, *call) (any, *failure)

// operations are those that the emulator knows. Any other action is answered
// with InvalidAction.NotFound.
var operations = map[string]operation{
	"CreateBinding":      (*Server).createBinding,
	"GetBinding":         (*Server).getBinding,
	"IndexFileMeta":      (*Server).indexFileMeta,
	"BatchIndexFileMeta": (*Server).batchIndexFileMeta,
	"GetFileMeta":        (*Server).getFileMeta,
	"BatchGetFileMeta":   (*Server).batchGetFileMeta,
}
