// What hears and what speaks.

import { toFile } from "openai";

import { collect } from "./words.mjs";

const TEXT = { voice: "alloy", input: "A weir is a low wall." };
const recording = () => toFile(Buffer.alloc(96_000), "weir.wav", { type: "audio/wav" });

// LiteLLM answers with the duration of a verbose transcription beside the text.
export async function transcription(client, model) {
  const { usage, text, duration } = await client.audio.transcriptions.create({ model, file: await recording() });
  return { usage, said: text, duration };
}

export async function transcription_verbose(client, model) {
  const body = { model, file: await recording(), response_format: "verbose_json" };
  const { text, duration } = await client.audio.transcriptions.create(body);
  return { said: text, duration };
}

// OpenAI answers with bare text, vLLM with JSON all the same, which the SDK reads.
export async function transcription_text(client, model) {
  const body = { model, file: await recording(), response_format: "text" };
  const answer = await client.audio.transcriptions.create(body);
  return { usage: answer.usage, said: answer.text ?? answer };
}

// OpenAI's events.
export async function transcription_streamed(client, model) {
  const body = { model, file: await recording(), stream: true };
  const events = await collect(client.audio.transcriptions.create(body));
  const deltas = events.filter((event) => event.type === "transcript.text.delta").map((event) => event.delta);
  return { usage: events.at(-1).usage, said: deltas.join(""), pieces: deltas.length };
}

// vLLM's chunks, whose usage has to be asked for.
export async function transcription_chunks(client, model) {
  const body = { model, file: await recording(), stream: true, stream_include_usage: true };
  const chunks = await collect(client.audio.transcriptions.create(body));
  const texts = chunks.flatMap((chunk) => chunk.choices.map((choice) => choice.delta.content)).filter(Boolean);
  return { usage: chunks.at(-1).usage, said: texts.join(""), pieces: texts.length };
}

export async function translation(client, model) {
  const { text } = await client.audio.translations.create({ model, file: await recording() });
  return { said: text };
}

// Bare sound: nobody says how many tokens it took.
export async function speech(client, model) {
  const answer = await client.audio.speech.create({ model, ...TEXT });
  return { said: (await answer.arrayBuffer()).byteLength };
}

// The SDK has no reader for these events: they are read as text.
export async function speech_events(client, model) {
  const answer = await client.audio.speech.create({ model, stream_format: "sse", ...TEXT });
  const lines = (await answer.text()).split("\n").filter((line) => line.startsWith("data: "));
  const events = lines.map((line) => JSON.parse(line.slice(6)));
  const sounds = events.filter((event) => event.type === "speech.audio.delta");
  return { usage: events.at(-1).usage, said: sounds.length, pieces: sounds.length };
}
