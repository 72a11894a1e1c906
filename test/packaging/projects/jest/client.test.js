/** @jest-environment jsdom */
const { io: connect, Manager, Socket } = require("socket.io-client");

test.each(["polling", "websocket"])("a page in jsdom speaks to its server over %s", async (transport) => {
  const socket = connect(process.env.SERVER_URL, { transports: [transport], forceNew: true });
  expect(socket).toBeInstanceOf(Socket);
  expect(socket.io).toBeInstanceOf(Manager);
  try {
    expect(await socket.timeout(5000).emitWithAck("double", 21)).toBe(42);
    expect(socket.io.engine.transport.name).toBe(transport);
  } finally {
    socket.close();
  }
});

test("fake timers drive acknowledgements that do not come", () => {
  jest.useFakeTimers();
  const socket = connect("http://127.0.0.1:1", { autoConnect: false });
  const heard = jest.fn();
  socket.timeout(1000).emit("nobody hears", heard);
  jest.advanceTimersByTime(1001);
  expect(heard).toHaveBeenCalledWith(expect.any(Error));
  jest.useRealTimers();
});
