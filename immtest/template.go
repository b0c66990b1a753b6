package immtest

// The workflow template of a dataset decides what indexing collects. Of those
// that the service has, only the empty one is different here: what any of the
// others leaves out is not documented.
const (
	templateEmpty = "Official:DefaultEmptyId" // of a project that is created without one
	templateAll   = "Official:AllFunction"    // of what the server creates on first use
)

// datasetID names a dataset among all of a server.
type datasetID struct {
	project, dataset string
}

// WithProject makes a project with a workflow template, such as
// Official:ImageManagement, before the first request. Without a template it has
// the empty one, Official:DefaultEmptyId. Its template counts for the datasets
// that have none of their own. The option may be repeated; of two projects with
// one name the later one counts.
//
// The empty template collects nothing: a file enters the dataset with its URI,
// CustomId and CustomLabels. Every other template collects all that the emulator
// can read, of every type of file.
func WithProject(name, workflowTemplate string) Option {
	return func(c *config) { c.projects[name] = workflowTemplate }
}

// WithDataset makes a dataset before the first request, and its project too,
// without a template, where no WithProject names it. A dataset without a template
// uses that of its project. The option may be repeated; of two datasets with one
// name the later one counts. See WithProject for what templates do.
func WithDataset(projectName, datasetName, workflowTemplate string) Option {
	return func(c *config) { c.datasets[datasetID{projectName, datasetName}] = workflowTemplate }
}

// WithStrict makes the server as strict as the service about projects and
// datasets: those that were not created are answered with ResourceNotFound.
// Without this option CreateBinding, IndexFileMeta and BatchIndexFileMeta create
// the project and the dataset that they name, both with the template
// Official:AllFunction. Calls that read never create anything, and no call ever
// creates a bucket.
func WithStrict() Option {
	return func(c *config) { c.strict = true }
}

// collects reports whether indexing reads the content of files. The caller holds
// Server.mu.
func (d *dataset) collects() bool {
	template := d.template
	if template == "" {
		template = d.project.template
	}
	return template != templateEmpty && template != ""
}
