// Makes calls with the OpenAI SDK: for each line of JSON on stdin,
//
//   {"baseURL": "http://…/v1", "key": "…", "call": "chat", "model": "llama", "headers": {…}}
//
// one on stdout, of what the client saw. An answer: {"usage": {…}, "said": …, "pieces": N, "duration": seconds},
// each where there is one. An error: {"error": {"name": class, "status": N, "message": …}}. A fault of this program:
// {"bug": …}.

import readline from "node:readline";

import OpenAI from "openai";

import * as leaving from "./leaving.mjs";
import * as session from "./session.mjs";
import * as sound from "./sound.mjs";
import * as texts from "./texts.mjs";

const calls = { ...texts, ...sound, ...session, ...leaving };

// Longer than the SDK's own limit: what hangs is a fault of these programs, or of what they talk to.
function tooLate() {
  return new Promise((_, reject) => setTimeout(() => reject(new Error("no answer for 90 s")), 90_000).unref());
}

async function answer({ baseURL, key, call, model, headers }) {
  const client = new OpenAI({ baseURL, apiKey: key, maxRetries: 0, timeout: 60_000, defaultHeaders: headers });
  try {
    return await Promise.race([calls[call](client, model), tooLate()]);
  } catch (error) {
    const { status, message } = error;
    const seen = { error: { name: error.constructor.name, status, message } };
    // Of a connection that breaks off, fetch says so itself.
    const isTheirs = error instanceof OpenAI.OpenAIError || error.cause?.code === "UND_ERR_SOCKET";
    return isTheirs ? seen : { bug: String(error.stack ?? error.type) };
  }
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await answer(JSON.parse(line))));
}
