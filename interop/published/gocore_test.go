package published

import (
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	"github.com/alibabacloud-go/darabonba-openapi/v2/utils"
	"github.com/alibabacloud-go/tea/dara"
	"github.com/stretchr/testify/require"

	"github.com/imm-go/imm/interop/scenario"
)

// callGoCore makes one call with the published Go core.
func callGoCore(t *testing.T, j *job) *reply {
	t.Helper()
	config := &utils.Config{
		AccessKeyId: new(j.Keys.ID), AccessKeySecret: new(j.Keys.Secret),
		Endpoint: new(j.Host), Protocol: new("http"),
	}
	if j.Keys.Token != "" {
		config.SecurityToken = new(j.Keys.Token)
	}
	client, err := openapi.NewClient(config)
	require.NoError(t, err)
	client.DisableSDKError = new(true) // its errors as they are, not as one type
	way := &onTheWay{job: j}
	client.HttpClient = way
	// These are the parameters that the published SDK passes for its operations.
	params := &utils.Params{
		Action: new(j.Action), Version: new(j.Version), Protocol: new("HTTPS"),
		Pathname: new("/"), Method: new("POST"), AuthType: new("AK"),
		Style: new("RPC"), ReqBodyType: new("formData"), BodyType: new("json"),
	}
	timeout := new(int(patience.Milliseconds()))
	result, err := client.CallApi(params, goRequest(j), &dara.RuntimeOptions{ReadTimeout: timeout, ConnectTimeout: timeout})
	r := understand(t, result, err)
	r.Wire = way.wire
	return r
}

// goRequest places parameters as the published SDK does: text, numbers and
// booleans as they are, and everything else as the JSON that the core makes of it.
func goRequest(j *job) *utils.OpenApiRequest {
	query, body := make(map[string]any), make(map[string]any)
	for i, name := range slices.Sorted(maps.Keys(j.Params)) {
		value := j.Params[name]
		switch plain := value.(type) {
		case string, bool:
		case float64: // all parameters that are numbers are whole ones
			value = int64(plain)
		default:
			value = utils.ArrayToStringWithSpecifiedStyle(value, new(name), new("json"))
		}
		if j.Place == inForm || j.Place == inBoth && i%2 == 1 {
			body[name] = value
		} else {
			query[name] = value
		}
	}
	req := &utils.OpenApiRequest{Headers: make(map[string]*string)}
	if len(query) > 0 {
		req.Query = utils.Query(query)
	}
	if len(body) > 0 {
		req.Body = utils.ParseToMap(body)
	}
	for name, value := range j.Headers {
		req.Headers[name] = new(value)
	}
	return req
}

// understand takes the core's result or its error apart.
func understand(t *testing.T, result map[string]any, err error) *reply {
	t.Helper()
	var clientError *openapi.ClientError
	var serverError *openapi.ServerError
	var throttlingError *openapi.ThrottlingError
	var status, body any
	switch {
	case err == nil:
		status, body = result["statusCode"], result["body"]
	case errors.As(err, &clientError):
		status, body = dara.IntValue(clientError.StatusCode), clientError.Data
	case errors.As(err, &serverError):
		status, body = dara.IntValue(serverError.StatusCode), serverError.Data
	case errors.As(err, &throttlingError):
		status, body = dara.IntValue(throttlingError.StatusCode), throttlingError.Data
	default:
		return &reply{Error: err.Error()}
	}
	// The core has numbers in any of JSON's forms, depending on the way they took.
	plain, err := scenario.Value(map[string]any{"status": status, "body": body})
	require.NoError(t, err)
	number, _ := plain["status"].(float64)
	object, _ := plain["body"].(map[string]any)
	return &reply{Status: int(number), Body: object}
}

// onTheWay stands where the core gives its requests to net/http.
type onTheWay struct {
	job  *job
	wire wire
}

// Call implements the core's interface for HTTP clients.
func (w *onTheWay) Call(req *http.Request, transport *http.Transport) (*http.Response, error) {
	defer transport.CloseIdleConnections() // the core makes one for each request
	w.apply(req)
	w.wire.URI = req.URL.RequestURI()
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	w.wire.Status, w.wire.Header, w.wire.Text = resp.StatusCode, lowerNames(resp.Header), string(body)
	resp.Body = io.NopCloser(strings.NewReader(w.wire.Text))
	return resp, err
}

func (w *onTheWay) apply(req *http.Request) {
	c := &w.job.Change
	for name, value := range c.Set {
		setHeader(req, name, value)
	}
	if c.Replace[0] != "" {
		setHeader(req, "Authorization", strings.Replace(req.Header["Authorization"][0], c.Replace[0], c.Replace[1], 1))
	}
	if c.Path != "" {
		req.URL.Path = c.Path
	}
	if c.Resign {
		resign(req, w.job.Keys)
	}
	req.URL.RawQuery += c.AddQuery
}

// resign signs a request again with the core's own signer.
func resign(req *http.Request, k keys) {
	headers := map[string]*string{"host": new(req.Host)}
	for name, values := range req.Header {
		headers[strings.ToLower(name)] = new(values[0])
	}
	query := make(map[string]*string)
	for name, values := range req.URL.Query() {
		query[name] = new(values[0])
	}
	signed := &dara.Request{Method: new(req.Method), Pathname: new(req.URL.Path), Headers: headers, Query: query}
	setHeader(req, "Authorization", dara.StringValue(utils.GetAuthorization(signed, new("ACS3-HMAC-SHA256"),
		headers["x-acs-content-sha256"], new(k.ID), new(k.Secret))))
}

// setHeader replaces a header whatever the case of its name, because the core
// writes some in lower case, where http.Header's methods do not see them. An
// empty value takes the header away.
func setHeader(req *http.Request, name, value string) {
	for known := range req.Header {
		if strings.EqualFold(known, name) {
			delete(req.Header, known)
		}
	}
	if value != "" {
		req.Header[name] = []string{value}
	}
}
