// What is asked, and how a stream is read.

export const MESSAGES = [{ role: "user", content: "What is a weir?" }];
export const PROMPT = "A weir is";

export async function collect(stream) {
  const events = [];
  for await (const event of await stream) events.push(event);
  return events;
}
