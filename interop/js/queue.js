'use strict';

// Makes calls of the queue API of MNS with the published client ali-mns. It reads
// one job as JSON a line from the standard input and answers each with one line:
// ../queue/client_test.go says what is in them.

process.env.NO_PROXY = '*'; // the client would use the proxies of the environment

const http = require('node:http');
const readline = require('node:readline');
const util = require('node:util');

util.isArray ??= Array.isArray; // the client calls it, and Node 23 has it no more
const AliMNS = require('ali-mns');

let job;

// The client knows the addresses of the service alone.
AliMNS.MQ.prototype.makeAttrURL = function makeAttrURL() {
  return `${job.endpoint}/queues/${this.getName()}`;
};

// What the client has signed is changed here where the job says so.
const request = http.request;
http.request = (options, ...rest) => {
  const headers = { ...options.headers };
  for (const [name, value] of Object.entries(job.set)) {
    delete headers[name];
    if (value !== '') headers[name] = value;
  }
  const sent = request({ ...options, headers, path: options.path + job.addQuery }, ...rest);
  for (const [name, value] of Object.entries(job.set)) {
    if (value === '') sent.removeHeader(name);
  }
  return sent;
};

function open() {
  const account = new AliMNS.Account('1000000000000000', job.id, job.secret);
  account.setGA(false); // it would tell Google Analytics about its calls
  const queue = new AliMNS.MQBatch(job.queue, account);
  // The client takes every body for base64, which those of a topic are not.
  if (!job.base64) queue.base64ToUtf8 = (text) => text;
  return queue;
}

const calls = {
  receive: (queue) => queue.recvP(job.wait, job.n),
  peek: (queue) => queue.peekP(job.n),
  send: (queue) => queue.sendP('text'),
  // The method of MQBatch does not return its promise for a single handle.
  delete: (queue) => AliMNS.MQ.prototype.deleteP.call(queue, job.handles[0]),
  deleteBatch: (queue) => queue.deleteP(job.handles),
  extend: (queue) => queue.reserveP(job.handles[0], job.seconds),
  consume,
};

// consume runs the client's own loop, which deletes what the callback agrees to,
// until there were so many messages, or an error.
async function consume(queue) {
  const Message = [];
  const deletions = [];
  const remove = queue.deleteP;
  queue.deleteP = (...args) => {
    const deletion = remove.apply(queue, args);
    deletions.push(deletion);
    return deletion;
  };
  try {
    await new Promise((resolve, reject) => {
      queue.notifyRecv((error, data) => {
        if (error) {
          reject(error);
          return false;
        }
        Message.push(...data.Messages.Message);
        if (Message.length >= job.n) resolve();
        return true;
      }, job.wait);
    });
  } finally {
    await queue.notifyStopP();
    await Promise.all(deletions);
  }
  return { Messages: { Message } };
}

async function call() {
  try {
    const data = await calls[job.do](open());
    return typeof data === 'number' ? { resolved: true, status: data } : { resolved: true, answer: data };
  } catch (error) {
    // It rejects with the XML that it read, with the text of what is no XML, and with
    // an Error if there was no answer.
    const read = typeof error === 'object' && !(error instanceof Error);
    return read ? { answer: error } : { failure: String(error) };
  }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin, crlfDelay: Infinity })) {
    job = JSON.parse(line);
    process.stdout.write(`${JSON.stringify(await call())}\n`);
  }
}

main();
