// A conversation over the WebSocket that Node and browsers have. The SDK's own session insists on TLS.

const QUESTION = { type: "message", role: "user", content: [{ type: "input_text", text: "What is a weir?" }] };

export async function conversation({ baseURL, apiKey }, model) {
  const url = `${baseURL.replace(/^http/, "ws")}/realtime?model=${model}`;
  const socket = new WebSocket(url, ["realtime", `openai-insecure-api-key.${apiKey}`]);
  const { promise, resolve, reject } = Promise.withResolvers();
  let pieces = 0;
  socket.onerror = reject;
  socket.onclose = ({ code }) => reject(new Error(`closed with ${code} before it had answered`));
  socket.onopen = () => {
    socket.send(JSON.stringify({ type: "conversation.item.create", item: QUESTION }));
    socket.send(JSON.stringify({ type: "response.create" }));
  };
  socket.onmessage = ({ data }) => {
    const event = JSON.parse(data);
    if (event.type === "response.output_text.delta") pieces += 1;
    if (event.type === "response.done") resolve(event.response.usage);
  };
  const usage = await promise;
  if (socket.protocol !== "realtime") throw new Error(`protocol ${socket.protocol}`);
  socket.close();
  return { usage, said: pieces };
}
