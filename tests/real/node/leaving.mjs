// Clients that do not wait for the end.

import { MESSAGES, PROMPT } from "./words.mjs";

const PIECES = 3;

export async function leave_chat(client, model) {
  const stream = await client.chat.completions.create({ model, messages: MESSAGES, stream: true });
  return leave(stream, (chunk) => chunk.choices[0]?.delta.content);
}

export async function leave_completions(client, model) {
  const stream = await client.completions.create({ model, prompt: PROMPT, stream: true });
  return leave(stream, (chunk) => chunk.choices[0]?.text);
}

export async function leave_responses(client, model) {
  const stream = await client.responses.create({ model, input: PROMPT, stream: true });
  return leave(stream, (event) => event.type === "response.output_text.delta");
}

async function leave(stream, hasContent) {
  let pieces = 0;
  for await (const event of stream) {
    pieces += hasContent(event) ? 1 : 0;
    if (pieces === PIECES) stream.controller.abort();
  }
  return { pieces };
}

// The signal that the caller gave ends it before anything has come.
export async function leave_before_the_first_token(client, model) {
  const signal = AbortSignal.timeout(500);
  const stream = await client.chat.completions.create({ model, messages: MESSAGES, stream: true }, { signal });
  let pieces = 0;
  for await (const chunk of stream) pieces += chunk.choices.length;
  return { pieces };
}
