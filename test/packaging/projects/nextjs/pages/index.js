import { useEffect, useState } from "react";
import { io } from "socket.io-client";

export default function Home() {
  const [state, setState] = useState({ transport: "none", double: 0 });
  useEffect(() => {
    const socket = io();
    socket.on("connect", async () => {
      const double = await socket.emitWithAck("double", 21);
      const { engine } = socket.io;
      setState({ transport: engine.transport.name, double });
      engine.once("upgrade", ({ name }) => setState({ transport: name, double }));
    });
    return () => socket.disconnect();
  }, []);
  return (
    <p>
      first edition: {state.double} over {state.transport}
    </p>
  );
}
