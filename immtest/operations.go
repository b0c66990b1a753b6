package immtest

// operation answers one call with the value that becomes the JSON of the
// response.
type operation func(*Server, *call) (any, *failure)

// operations are those that the emulator knows. Any other action is answered
// with InvalidAction.NotFound.
var operations = map[string]operation{
	"CreateProject": (*Server).createProject,
	"GetProject":    (*Server).getProject,
	"ListProjects":  (*Server).listProjects,
	"UpdateProject": (*Server).updateProject,
	"DeleteProject": (*Server).deleteProject,

	"CreateDataset": (*Server).createDataset,
	"GetDataset":    (*Server).getDataset,
	"ListDatasets":  (*Server).listDatasets,
	"UpdateDataset": (*Server).updateDataset,
	"DeleteDataset": (*Server).deleteDataset,

	"CreateBinding": (*Server).createBinding,
	"GetBinding":    (*Server).getBinding,
	"ListBindings":  (*Server).listBindings,
	"DeleteBinding": (*Server).deleteBinding,

	"IndexFileMeta":       (*Server).indexFileMeta,
	"BatchIndexFileMeta":  (*Server).batchIndexFileMeta,
	"GetFileMeta":         (*Server).getFileMeta,
	"BatchGetFileMeta":    (*Server).batchGetFileMeta,
	"UpdateFileMeta":      (*Server).updateFileMeta,
	"BatchUpdateFileMeta": (*Server).batchUpdateFileMeta,
	"DeleteFileMeta":      (*Server).deleteFileMeta,
	"BatchDeleteFileMeta": (*Server).batchDeleteFileMeta,

	"SimpleQuery":   (*Server).simpleQuery,
	"FuzzyQuery":    (*Server).fuzzyQuery,
	"SemanticQuery": (*Server).semanticQuery,

	"GetTask":   (*Server).getTask,
	"ListTasks": (*Server).listTasks,

	"ListRegions":            (*Server).listRegions,
	"AttachOSSBucket":        (*Server).attachOSSBucket,
	"DetachOSSBucket":        (*Server).detachOSSBucket,
	"GetOSSBucketAttachment": (*Server).getOSSBucketAttachment,
	"ListAttachedOSSBuckets": (*Server).listAttachedOSSBuckets,
}
