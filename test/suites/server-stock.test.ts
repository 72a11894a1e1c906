// The server suite over npm's `socket.io`: a test that fails here is a wrong test.
import { Server } from "socket.io";
import { describeServer } from "./server-behaviour.js";

describeServer("socket.io", { Server, improved: false });
