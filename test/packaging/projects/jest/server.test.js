/** @jest-environment node */
const { createServer } = require("node:http");
const { Server } = require("socket.io");
const { io: connect } = require("socket.io-client");

let io;
let client;

beforeAll((done) => {
  const httpServer = createServer();
  io = new Server(httpServer);
  io.on("connection", (socket) => socket.on("double", (number, answer) => answer(number * 2)));
  httpServer.listen(0, "127.0.0.1", () => {
    client = connect(`http://127.0.0.1:${httpServer.address().port}`);
    client.on("connect", done);
  });
});

afterAll(() => {
  client.disconnect();
  io.close();
});

test("an event is acknowledged", async () => {
  expect(await client.emitWithAck("double", 21)).toBe(42);
});
