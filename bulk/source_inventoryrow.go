package bulk

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
)

// inventoryColumns are the places of the columns that matter; -1: not there.
type inventoryColumns struct {
	count, bucket, key, latest, deleted int

	values []csvValue // of the last line
}

func (m *inventoryManifest) columns() (*inventoryColumns, error) {
	c := &inventoryColumns{bucket: -1, key: -1, latest: -1, deleted: -1}
	for i, name := range strings.Split(m.FileSchema, ",") {
		c.count++
		switch strings.TrimSpace(name) {
		case "Bucket":
			c.bucket = i
		case "Key":
			c.key = i
		case "IsLatest":
			c.latest = i
		case "IsDeleteMarker":
			c.deleted = i
		}
	}
	if c.key < 0 {
		return nil, errors.New("the fileSchema " + excerpt(m.FileSchema) + " has no column Key")
	}
	return c, nil
}

// uri is that of the object that a line stands for. It is empty for what is no
// object of today: a delete marker, an earlier version, a folder.
func (c *inventoryColumns) uri(line, bucket string) (uri string, bad *LineError) {
	if c.values, bad = splitCSV(line, c.values[:0]); bad != nil {
		return "", bad
	}
	if len(c.values) != c.count {
		return "", &LineError{Reason: fmt.Sprintf("%d values, and the fileSchema names %d", len(c.values), c.count)}
	}
	deleted, bad := c.truth(c.deleted, false)
	if bad != nil {
		return "", bad
	}
	latest, bad := c.truth(c.latest, true)
	if bad != nil {
		return "", bad
	}
	if c.bucket >= 0 && c.values[c.bucket].text != bucket {
		return "", &LineError{Column: c.values[c.bucket].column, Reason: fmt.Sprintf(
			"the bucket is %s, and that of the report %s", excerpt(c.values[c.bucket].text), bucket)}
	}
	key, err := url.QueryUnescape(c.values[c.key].text)
	if err != nil || key == "" {
		return "", &LineError{Column: c.values[c.key].column, Reason: fmt.Sprintf(
			"the key %s is not URL-encoded", excerpt(c.values[c.key].text))}
	}
	if deleted || !latest || strings.HasSuffix(key, "/") {
		return "", nil
	}
	return "oss://" + bucket + "/" + key, nil
}

// truth is the value of a column that says yes or no, in any case of letters.
func (c *inventoryColumns) truth(column int, absent bool) (bool, *LineError) {
	if column < 0 || c.values[column].text == "" {
		return absent, nil
	}
	value := c.values[column]
	switch {
	case strings.EqualFold(value.text, "true"):
		return true, nil
	case strings.EqualFold(value.text, "false"):
		return false, nil
	}
	return false, &LineError{Column: value.column, Reason: excerpt(value.text) + " is neither true nor false"}
}
