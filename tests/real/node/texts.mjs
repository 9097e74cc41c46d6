// Everything that answers with text, tools or vectors.

import { MESSAGES, PROMPT, collect } from "./words.mjs";

const NO_PARAMETERS = { type: "object", properties: {} };
const CHAT_TOOLS = [{ type: "function", function: { name: "measure", parameters: NO_PARAMETERS } }];
const TOOLS = [{ type: "function", name: "measure", parameters: NO_PARAMETERS, strict: false }];
const ASK = { stream_options: { include_usage: true } };

export async function chat(client, model) {
  const { usage, choices } = await client.chat.completions.create({ model, messages: MESSAGES });
  return { usage, said: choices[0].message.content };
}

export async function chat_tools(client, model) {
  const body = { model, messages: MESSAGES, tools: CHAT_TOOLS };
  const { usage, choices } = await client.chat.completions.create(body);
  return { usage, said: choices[0].message.tool_calls[0].function.name };
}

// Without a word about usage: Weir asks for it.
export async function chat_streamed(client, model) {
  const chunks = await collect(client.chat.completions.create({ model, messages: MESSAGES, stream: true }));
  if (chunks.some((chunk) => chunk.usage)) throw new Error("usage that nobody asked for");
  return pieces(chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.delta.content)));
}

export async function chat_streamed_usage(client, model) {
  const chunks = await collect(client.chat.completions.create({ model, messages: MESSAGES, stream: true, ...ASK }));
  const texts = chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.delta.content));
  return { usage: chunks.at(-1).usage, ...pieces(texts) };
}

// The helper that puts the chunks together again.
export async function chat_streamed_tools(client, model) {
  const body = { model, messages: MESSAGES, tools: CHAT_TOOLS, ...ASK };
  const { usage, choices } = await client.chat.completions.stream(body).finalChatCompletion();
  return { usage, said: choices[0].message.tool_calls[0].function.name };
}

export async function completions(client, model) {
  const { usage, choices } = await client.completions.create({ model, prompt: PROMPT });
  return { usage, said: choices[0].text };
}

export async function completions_streamed(client, model) {
  const chunks = await collect(client.completions.create({ model, prompt: PROMPT, stream: true }));
  return pieces(chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.text)));
}

export async function completions_streamed_usage(client, model) {
  const chunks = await collect(client.completions.create({ model, prompt: PROMPT, stream: true, ...ASK }));
  const texts = chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.text));
  return { usage: chunks.at(-1).usage, ...pieces(texts) };
}

export async function responses(client, model) {
  const { usage, output_text } = await client.responses.create({ model, input: PROMPT });
  return { usage, said: output_text };
}

export async function responses_tools(client, model) {
  const { usage, output } = await client.responses.create({ model, input: PROMPT, tools: TOOLS });
  return { usage, said: output[0].name };
}

export async function responses_streamed(client, model) {
  const events = await collect(client.responses.create({ model, input: PROMPT, stream: true }));
  const deltas = events.filter((event) => event.type === "response.output_text.delta");
  return { usage: events.at(-1).response.usage, ...pieces(deltas.map((event) => event.delta)) };
}

export async function responses_streamed_tools(client, model) {
  const stream = client.responses.stream({ model, input: PROMPT, tools: TOOLS });
  const { usage, output } = await stream.finalResponse();
  return { usage, said: output[0].name };
}

// The SDK asks for base64 and decodes it.
export async function embeddings(client, model) {
  const { usage, data } = await client.embeddings.create({ model, input: ["a weir", "a wall"] });
  if (!data.every((item) => item.embedding.length)) throw new Error("an empty vector");
  return { usage, said: data.length };
}

export async function models(client) {
  return { said: (await collect(client.models.list())).map((known) => known.id) };
}

function pieces(texts) {
  const said = texts.filter(Boolean);
  return { said: said.join(""), pieces: said.length };
}
