// The client suite over npm's `socket.io-client`: a test that fails here is a wrong test.
import { io, Manager } from "socket.io-client";
import { describeClient } from "./client-behaviour.js";

describeClient("socket.io-client", { io, Manager, improved: false });
