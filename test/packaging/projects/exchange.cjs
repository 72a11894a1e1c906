// A server and a client from the installed packages exchange an event and its acknowledgement.
const { createServer } = require("node:http");
const { io: connect } = require("socket.io-client");

const httpServer = createServer();
const io = require("socket.io")(httpServer);
io.on("connection", (socket) => {
  socket.on("double", (number, answer) => answer(number * 2));
});

const patience = setTimeout(() => {
  console.error("no acknowledgement in 60 seconds");
  process.exit(1);
}, 60_000);

httpServer.listen(0, "127.0.0.1", () => {
  const socket = connect(`http://127.0.0.1:${httpServer.address().port}`);
  socket.on("connect_error", (error) => {
    console.error(error);
    process.exit(1);
  });
  socket.emit("double", 21, (answer) => {
    console.log(answer);
    clearTimeout(patience);
    socket.close();
    io.close();
  });
});
