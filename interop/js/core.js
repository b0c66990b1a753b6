'use strict';

// Makes calls with the published JavaScript core. It reads one job as JSON a line
// from the standard input and answers each with one line: ../published/core_test.go
// says what is in them, and gocore_test.go there does the same with the Go core.

const http = require('node:http');
const readline = require('node:readline');
const { default: Client, $OpenApiUtil, OpenApiUtil } = require('@alicloud/openapi-core');
const $dara = require('@darabonba/typescript');

const patience = 30000; // milliseconds

// The core gives its requests to http.request. What stands here instead sees what
// goes over the connection, and changes it where the job says so. One job is done
// at a time, so it is clear to which one a request belongs.
let job;
let wire;
const request = http.request;
http.request = (options, ...rest) => {
  apply(options);
  wire.uri = options.path;
  const sent = request(options, ...rest);
  sent.prependOnceListener('response', (response) => {
    wire.status = response.statusCode;
    wire.header = response.headers;
    const push = response.push.bind(response); // what arrives, without reading it away from the core
    response.push = (chunk, ...more) => {
      if (chunk) wire.text += chunk;
      return push(chunk, ...more);
    };
  });
  return sent;
};

function apply(options) {
  const { set, replace, addQuery, path, resign } = job.change;
  const headers = { ...options.headers };
  for (const [name, value] of Object.entries(set || {})) {
    for (const known of Object.keys(headers)) {
      if (known.toLowerCase() === name.toLowerCase()) delete headers[known];
    }
    if (value !== '') headers[name] = value;
  }
  if (replace[0] !== '') headers.Authorization = headers.Authorization.replace(replace[0], replace[1]);
  if (path !== '') options.path = path + new URL(options.path, 'http://host').search;
  if (resign) headers.Authorization = signature(options, headers);
  if (addQuery !== '') options.path += (options.path.includes('?') ? '' : '?') + addQuery;
  options.headers = headers;
}

// signature signs a request again with the core's own signer.
function signature(options, headers) {
  const url = new URL(options.path, 'http://host');
  const signed = new $dara.Request();
  Object.assign(signed, {
    method: options.method, pathname: url.pathname, headers, query: Object.fromEntries(url.searchParams),
  });
  return OpenApiUtil.getAuthorization(signed, 'ACS3-HMAC-SHA256', headers['x-acs-content-sha256'], job.keys.id, job.keys.secret);
}

async function call() {
  const config = { accessKeyId: job.keys.id, accessKeySecret: job.keys.secret, endpoint: job.host, protocol: 'http' };
  if (job.keys.token !== '') config.securityToken = job.keys.token;
  const client = new Client(new $OpenApiUtil.Config(config));

  // Text, numbers and booleans are placed as they are, everything else as the JSON
  // that the core makes of it.
  const query = {};
  const body = {};
  Object.keys(job.params).sort().forEach((name, i) => {
    const value = job.params[name];
    const placed = typeof value === 'object' ? OpenApiUtil.arrayToStringWithSpecifiedStyle(value, name, 'json') : value;
    (job.place === 'form' || (job.place === 'both' && i % 2 === 1) ? body : query)[name] = placed;
  });
  const parts = { headers: { ...job.headers } };
  if (Object.keys(query).length > 0) parts.query = OpenApiUtil.query(query);
  if (Object.keys(body).length > 0) parts.body = OpenApiUtil.parseToMap(body);

  // These are the parameters that the published SDK passes for its operations.
  const params = new $OpenApiUtil.Params({
    action: job.action, version: job.version, protocol: 'HTTPS', pathname: '/', method: 'POST', authType: 'AK',
    style: 'RPC', reqBodyType: 'formData', bodyType: 'json',
  });
  const runtime = new $dara.RuntimeOptions({ readTimeout: patience, connectTimeout: patience });
  try {
    const result = await client.callApi(params, new $OpenApiUtil.OpenApiRequest(parts), runtime);
    return { status: result.statusCode, body: result.body };
  } catch (error) {
    if (error.data && error.data.Code) return { status: error.statusCode, body: error.data };
    return { error: String(error) };
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    job = JSON.parse(line);
    wire = { uri: '', status: 0, header: {}, text: '' };
    const reply = await call();
    process.stdout.write(`${JSON.stringify({ ...reply, wire })}\n`);
  }
}

main();
