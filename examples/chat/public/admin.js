// Example: the administrators' page, over the namespace /admin. The token is kept in memory only.
"use strict";

(() => {
  const $ = (id) => document.getElementById(id);
  let token = "";
  const socket = io("/admin", { autoConnect: false, auth: (send) => send({ token }) });

  $("enter").addEventListener("submit", (event) => {
    event.preventDefault();
    token = $("token").value;
    $("door-error").textContent = "";
    socket.connect();
  });

  socket.on("connect_error", (error) => {
    if (error.data) {
      // Refused by the middleware. (Without `data` the server could not be reached, and the client tries again.)
      socket.disconnect();
      $("door").hidden = false;
      $("board").hidden = true;
      $("door-error").textContent = error.message;
    } else if ($("board").hidden) $("door-error").textContent = "The server cannot be reached. Trying again…";
  });

  function showState(state, text) {
    $("state").dataset.state = state;
    $("state").textContent = text;
  }
  socket.on("connect", () => {
    $("door").hidden = true;
    $("board").hidden = false;
    showState("online", "online");
  });
  socket.on("disconnect", () => showState("reconnecting", "reconnecting…"));

  function request(event, argument, done) {
    socket.timeout(5000).emit(event, argument, (error, answer) => {
      $("result").textContent = error ? "The server did not answer." : answer.ok ? done : answer.reason;
    });
  }

  $("announce").addEventListener("submit", (event) => {
    event.preventDefault();
    request("announce", $("text").value, "Announced.");
    $("text").value = "";
  });

  function row(cells, label, action) {
    const tr = document.createElement("tr");
    for (const cell of cells) {
      const td = document.createElement("td");
      td.textContent = cell;
      tr.append(td);
    }
    const td = document.createElement("td");
    const button = document.createElement("button");
    button.type = "button";
    button.className = "quiet";
    button.textContent = label;
    button.setAttribute("aria-label", `${label} ${cells[0]}`);
    button.addEventListener("click", action);
    td.append(button);
    tr.append(td);
    return tr;
  }

  socket.on("state", ({ people, rooms }) => {
    $("people-count").textContent = String(people.length);
    $("rooms-count").textContent = String(rooms.length);
    $("people").replaceChildren(
      ...people.map(({ nick, address, rooms: joined }) =>
        row([nick, address, joined.join(", ")], "Kick", () => request("kick", nick, `${nick} is out.`)),
      ),
    );
    $("rooms").replaceChildren(
      ...rooms.map(({ name, members, messages }) =>
        row([name, members, messages], "Close", () => request("close room", name, `#${name} is closed.`)),
      ),
    );
  });

  $("token").focus();
})();
