// Example: the page of the chat. `io` comes from /socket.io/socket.io.js, which the server serves itself.
"use strict";

(() => {
  const $ = (id) => document.getElementById(id);
  const ANSWER_WITHIN = 8000; // ms
  const TYPING_SHOWN = 3000; // ms
  const TYPING_SENT_EVERY = 1500; // ms
  const KEPT = 300; // messages shown in a conversation

  // The name and its token outlive a reload of this tab, and another tab is another person.
  const session = JSON.parse(sessionStorage.getItem("chat") || "{}");
  const conversations = new Map(); // "#lobby" or "@ana" -> conversation
  let current = null;
  let online = [];
  let epoch = null; // this run of the server: ids of another run mean nothing
  let lastMail = 0;
  let keys = 0;

  const socket = io({
    autoConnect: false,
    // Asked again at each connection, so that it says what has been seen by then.
    auth: (send) => send({ nick: session.nick, token: session.token, mail: { epoch, id: lastMail } }),
  });

  // ---- coming in

  $("enter").addEventListener("submit", (event) => {
    event.preventDefault();
    session.nick = $("nick").value.trim();
    $("door-error").textContent = "";
    socket.connect();
  });

  function backToDoor(reason) {
    socket.disconnect();
    sessionStorage.removeItem("chat");
    session.token = undefined;
    $("chat").hidden = true;
    $("door").hidden = false;
    $("nick").value = session.nick || "";
    $("door-error").textContent = reason;
    $("nick").focus();
  }

  socket.on("connect_error", (error) => {
    // `data` comes from the server's middleware: it refused this person. Without it the server could not be reached.
    if (error.data) backToDoor(error.message);
    else if ($("chat").hidden) $("door-error").textContent = "The server cannot be reached. Trying again…";
    else showState("reconnecting");
  });

  socket.on("welcome", (welcome) => {
    session.nick = welcome.nick;
    session.token = welcome.token;
    sessionStorage.setItem("chat", JSON.stringify(session));
    $("me").textContent = welcome.nick;
    $("door").hidden = true;
    $("chat").hidden = false;
    showState("online");
    if (epoch !== welcome.epoch) {
      // The server has started anew and counts from 1 again.
      epoch = welcome.epoch;
      lastMail = 0;
      for (const conversation of conversations.values()) conversation.lastSeen = 0;
    }
    const returning = conversations.size > 0;
    for (const message of welcome.mail) receivePrivate(message);
    if (!returning) open(conversationFor("#", "lobby"));
    for (const conversation of conversations.values()) {
      if (conversation.kind === "#") join(conversation, returning);
      else sendWaiting(conversation);
    }
  });

  // ---- conversations

  function conversationFor(kind, name) {
    const id = kind + name;
    let conversation = conversations.get(id);
    if (conversation === undefined) {
      conversation = { kind, name, id, messages: [], lastSeen: 0, joined: false, unread: 0, typing: new Map() };
      conversations.set(id, conversation);
    }
    return conversation;
  }

  function join(conversation, returning) {
    const request = { room: conversation.name, lastSeen: { epoch, id: conversation.lastSeen } };
    socket.emit("join", request, (answer) => {
      if (!answer.ok) {
        conversations.delete(conversation.id);
        if (current === conversation) open(conversationFor("#", "lobby"));
        return note(answer.reason);
      }
      const missed = answer.messages.filter((message) => message.from !== session.nick).length;
      if (returning && missed > 0) {
        const more = answer.complete ? "" : "the last ";
        addLine(conversation, {
          note: `While you were away: ${more}${missed} ${missed === 1 ? "message" : "messages"}`,
        });
      }
      for (const message of answer.messages) receive(conversation, message);
      conversation.joined = true;
      sendWaiting(conversation);
    });
  }

  function receive(conversation, message) {
    conversation.lastSeen = Math.max(conversation.lastSeen, message.id);
    // One's own message comes back when its acknowledgement was lost with the connection.
    const own = message.from === session.nick && conversation.messages.find((line) => line.key === message.key);
    if (own) return confirm(conversation, own);
    conversation.typing.delete(message.from);
    addLine(conversation, message);
  }

  // The server has it: it goes where everyone else sees it, after all that the server had sent before.
  function confirm(conversation, line) {
    line.state = "sent";
    conversation.messages.splice(conversation.messages.indexOf(line), 1);
    conversation.messages.push(line);
    draw();
  }

  function receivePrivate(message) {
    lastMail = Math.max(lastMail, message.id);
    receive(conversationFor("@", message.from === session.nick ? message.to : message.from), message);
  }

  function addLine(conversation, line) {
    conversation.messages.push(line);
    if (conversation.messages.length > KEPT) conversation.messages.shift();
    if (conversation !== current || document.hidden) conversation.unread += line.from === undefined ? 0 : 1;
    draw();
  }

  function note(text) {
    if (current !== null) addLine(current, { note: text });
  }

  socket.on("message", (message) => receive(conversationFor("#", message.room), message));
  socket.on("private", receivePrivate);
  socket.on("announcement", ({ text, at }) => {
    for (const conversation of conversations.values()) addLine(conversation, { announcement: text, at });
  });
  socket.on("notice", note);
  socket.on("goodbye", backToDoor);
  socket.on("room closed", (room) => {
    const conversation = conversations.get(`#${room}`);
    conversations.delete(`#${room}`);
    if (conversation === current) open(conversationFor("#", "lobby"));
    note(`An administrator has closed #${room}.`);
  });

  // ---- sending: a message waits here until the server has acknowledged it

  $("composer").addEventListener("submit", (event) => {
    event.preventDefault();
    const text = $("text").value.trim();
    if (text === "") return;
    keys += 1;
    const key = `${Date.now().toString(36)}-${keys}`;
    const line = { from: session.nick, text, at: Date.now(), key, state: "waiting" };
    addLine(current, line);
    $("text").value = "";
    if (socket.connected && (current.kind === "@" || current.joined)) send(current, line);
  });

  function send(conversation, line) {
    const isRoom = conversation.kind === "#";
    const address = isRoom ? { room: conversation.name } : { to: conversation.name };
    const message = { ...address, text: line.text, key: line.key };
    line.state = "sending";
    draw();
    socket.timeout(ANSWER_WITHIN).emit(isRoom ? "say" : "whisper", message, (error, answer) => {
      if (line.state === "sent") return;
      // Without a connection it waits for the next one; the key keeps it from being said twice.
      if (error) line.state = socket.connected ? "failed" : "waiting";
      else if (answer.ok) {
        confirm(conversation, line);
        if (isRoom) conversation.lastSeen = Math.max(conversation.lastSeen, answer.id);
        else lastMail = Math.max(lastMail, answer.id);
      } else {
        line.state = "refused";
        line.reason = answer.reason;
      }
      draw();
    });
  }

  function sendWaiting(conversation) {
    for (const line of conversation.messages) if (line.state === "waiting") send(conversation, line);
  }

  let typingSent = 0;
  $("text").addEventListener("input", () => {
    const now = performance.now();
    if (current.kind !== "#" || now - typingSent < TYPING_SENT_EVERY) return;
    typingSent = now;
    socket.volatile.emit("typing", { room: current.name }); // not worth keeping for later
  });

  socket.on("typing", ({ room, nick }) => {
    const conversation = conversations.get(`#${room}`);
    if (conversation === undefined) return;
    clearTimeout(conversation.typing.get(nick));
    const gone = () => {
      conversation.typing.delete(nick);
      drawTyping();
    };
    conversation.typing.set(nick, setTimeout(gone, TYPING_SHOWN));
    drawTyping();
  });

  // ---- the connection

  const STATES = { online: "online", reconnecting: "reconnecting…", offline: "offline" };

  function showState(state) {
    $("state").dataset.state = state;
    $("state").textContent = STATES[state];
    $("offline").setAttribute("aria-pressed", String(state === "offline"));
    $("offline").textContent = state === "offline" ? "Come back" : "Go offline";
  }

  socket.on("disconnect", () => {
    for (const conversation of conversations.values()) {
      conversation.joined = false;
      for (const line of conversation.messages) if (line.state === "sending") line.state = "waiting";
    }
    showState(socket.active ? "reconnecting" : "offline");
    draw();
  });

  $("offline").addEventListener("click", () => {
    if (socket.active || socket.connected) {
      socket.disconnect();
      showState("offline");
    } else {
      showState("reconnecting");
      socket.connect();
    }
  });

  // ---- lists

  let roomNames = [];
  socket.on("rooms", (names) => {
    roomNames = names;
    draw();
  });
  socket.on("people", (nicks) => {
    online = nicks;
    draw();
  });

  function open(conversation) {
    current = conversation;
    if (
      conversation.kind === "#" &&
      socket.connected &&
      conversation.lastSeen === 0 &&
      conversation.messages.length === 0
    ) {
      join(conversation, false);
    }
    draw();
    $("text").focus();
  }

  $("new-room").addEventListener("submit", (event) => {
    event.preventDefault();
    const name = $("room-name").value.trim();
    $("room-name").value = "";
    if (name !== "") open(conversationFor("#", name));
  });

  $("leave").addEventListener("click", () => {
    const left = current;
    conversations.delete(left.id);
    if (left.kind === "#") socket.emit("leave", { room: left.name });
    open([...conversations.values()][0] || conversationFor("#", "lobby"));
  });

  document.addEventListener("visibilitychange", draw);

  // ---- drawing. Text of others is only ever set as text.

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function hue(nick) {
    let sum = 0;
    for (const character of nick) sum = (sum * 31 + character.codePointAt(0)) % 360;
    // By the golden angle: names that differ little get colours that differ much.
    return Math.round(sum * 137.508) % 360;
  }

  function avatar(nick) {
    const circle = element("span", "avatar", [...nick][0].toUpperCase());
    circle.style.setProperty("--hue", hue(nick));
    circle.setAttribute("aria-hidden", "true");
    return circle;
  }

  function listButton(label, options) {
    const button = element("button", options.joined ? "entry joined" : "entry");
    button.type = "button";
    Object.assign(button.dataset, options.data);
    if (options.nick) button.append(avatar(options.nick));
    button.append(element("span", "name", label));
    if (options.unread) button.append(element("span", "count", String(options.unread)));
    if (options.current) button.setAttribute("aria-current", "true");
    button.disabled = !!options.disabled;
    button.addEventListener("click", options.action);
    const li = element("li");
    li.append(button);
    return li;
  }

  // Everything is drawn once a frame at most, however many messages arrive in it.
  let drawing = false;
  function draw() {
    if (drawing) return;
    drawing = true;
    const now = () => {
      drawing = false;
      if (current !== null) drawAll();
    };
    if (document.hidden) setTimeout(now, 200);
    else requestAnimationFrame(now);
  }

  function drawAll() {
    if (!document.hidden) current.unread = 0;
    const all = [...conversations.values()];
    const names = new Set([...roomNames, ...all.filter((one) => one.kind === "#").map((one) => one.name)]);
    $("rooms").replaceChildren(
      ...[...names].map((name) => {
        const known = conversations.get(`#${name}`);
        return listButton(`# ${name}`, {
          joined: !!known,
          unread: known?.unread,
          current: known === current && known !== undefined,
          data: { room: name },
          action: () => open(conversationFor("#", name)),
        });
      }),
    );
    const privates = all.filter((one) => one.kind === "@");
    $("privates-title").hidden = privates.length === 0;
    $("privates").replaceChildren(
      ...privates.map((one) =>
        listButton(one.name, {
          joined: online.includes(one.name),
          nick: one.name,
          unread: one.unread,
          current: one === current,
          data: { private: one.name },
          action: () => open(one),
        }),
      ),
    );
    $("people").replaceChildren(
      ...online.map((nick) =>
        listButton(nick === session.nick ? `${nick} (you)` : nick, {
          joined: true,
          nick,
          disabled: nick === session.nick,
          data: { nick },
          action: () => open(conversationFor("@", nick)),
        }),
      ),
    );
    $("count").textContent = String(online.length);
    $("title").textContent = current.kind === "#" ? `# ${current.name}` : current.name;
    $("leave").textContent = current.kind === "#" ? "Leave" : "Close";
    $("text").placeholder = current.kind === "#" ? `Message #${current.name}` : `Private message to ${current.name}`;
    const unread = all.reduce((sum, one) => sum + one.unread, 0);
    document.title = unread > 0 ? `(${unread}) vaivén · chat` : "vaivén · chat";
    drawMessages();
    drawTyping();
  }

  const STATE_MARKS = { waiting: "waiting for the connection", sending: "sending…", sent: "✓ sent" };
  const time = (at) => new Date(at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });

  // One element a line, kept between drawings: a screen reader announces what is added, not the whole list again.
  const drawn = new WeakMap();

  function drawMessages() {
    const list = $("messages");
    const atEnd = list.scrollHeight - list.scrollTop - list.clientHeight < 60 || list.dataset.of !== current.id;
    list.dataset.of = current.id;
    let before = null;
    const wanted = current.messages.map((line) => {
      const follows = before !== null && before.from !== undefined && before.from === line.from;
      before = line;
      return drawLine(line, follows);
    });
    for (const [index, li] of wanted.entries()) {
      if (list.children[index] !== li) list.insertBefore(li, list.children[index] || null);
    }
    while (list.children.length > wanted.length) list.lastChild.remove();
    if (atEnd) list.scrollTop = list.scrollHeight;
  }

  function drawLine(line, follows) {
    let li = drawn.get(line);
    if (li === undefined) {
      li = element("li");
      drawn.set(line, li);
      if (line.note) li.append(element("span", "", line.note));
      else if (line.announcement)
        li.append(element("strong", "", "Announcement "), element("span", "", line.announcement));
      else {
        const head = element("span", "head");
        head.append(element("strong", "", line.from), element("time", "", time(line.at)));
        const body = element("span", "body");
        body.append(head, element("span", "text", line.text), element("span", "mark"));
        li.append(avatar(line.from), body);
      }
    }
    li.className = line.note ? "note" : line.announcement ? "announcement" : "line";
    if (li.className !== "line") return li;
    li.classList.toggle("own", line.from === session.nick);
    li.classList.toggle("follows", follows);
    const mark = li.querySelector(".mark");
    if (mark.dataset.state !== line.state) {
      mark.dataset.state = line.state;
      mark.textContent = line.state === "refused" ? line.reason : STATE_MARKS[line.state] || "";
      if (line.state === "failed") {
        const again = element("button", "again", "Not confirmed. Send again");
        const conversation = current;
        again.addEventListener("click", () => send(conversation, line));
        mark.replaceChildren(again);
      }
    }
    return li;
  }

  function drawTyping() {
    const names = current === null ? [] : [...current.typing.keys()];
    const verb = names.length === 1 ? "is" : "are";
    $("typing").textContent = names.length === 0 ? "" : `${names.slice(0, 3).join(", ")} ${verb} typing…`;
  }

  if (session.token) socket.connect();
  else $("nick").focus();
})();
