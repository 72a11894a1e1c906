// Example: the page of the tutorial's program. `io` comes from /socket.io/socket.io.js, which the server serves itself.
"use strict";

(() => {
  const POINTS = 60; // numbers kept for the chart
  const LISTED = 12; // numbers, messages and notes kept in the lists
  const $ = (id) => document.getElementById(id);
  const clock = () => new Date().toLocaleTimeString("es", { hour12: false });

  const TRANSPORTS = { auto: ["polling", "websocket"], polling: ["polling"], websocket: ["websocket"] };
  const EXPLANATIONS = {
    auto: "Empieza por polling, que pasa por cualquier proxy, y sube a WebSocket apenas puede.",
    polling: "Solo pedidos HTTP: el servidor retiene uno abierto hasta que tiene algo para decir.",
    websocket: "WebSocket desde el primer byte. Si algo en el camino lo rechaza, no hay otra vía.",
  };

  const socket = io({ transports: TRANSPORTS.auto });
  const numbers = [];
  let room = "plaza";
  let chosen = "auto";
  let asked = null; // when the last accepted request for numbers was made, to measure the real period
  let received = 0;

  // ---- the events of the tutorial

  socket.on("bienvenida", (bienvenida) => {
    $("saludo").textContent = bienvenida.digo;
    // Also after a reconnection: for the server this is a new visitor, so it is told again what this one wants.
    askForNumbers();
    if (room !== "plaza") changeRoom(room);
  });

  socket.on("toma un random", (data) => {
    numbers.push(data.numero);
    if (numbers.length > POINTS) numbers.shift();
    received += 1;
    $("ultimo").textContent = String(data.numero);
    addItem($("numeros"), item(String(data.numero)));
    drawChart();
    const elapsed = asked === null ? 0 : performance.now() - asked;
    $("medida").textContent =
      `${received} ${received === 1 ? "recibido" : "recibidos"}, uno cada ${Math.round(elapsed / received)} ms`;
  });

  function askForNumbers() {
    const period = Number($("periodo").value);
    socket.emit("quiero un random", period, (answer) => {
      $("respuesta").textContent = answer.ok ? `Pedido: uno cada ${period} ms.` : answer.motivo;
      $("respuesta").classList.toggle("error", !answer.ok);
      $("periodo").setAttribute("aria-invalid", String(!answer.ok));
      if (answer.ok) {
        asked = performance.now();
        received = 0;
        $("medida").textContent = "";
      }
    });
  }

  $("pedido").addEventListener("submit", (event) => {
    event.preventDefault();
    // Offline the request would wait and arrive beside the one that follows `bienvenida`.
    if (socket.connected) askForNumbers();
    else $("respuesta").textContent = "Sin conexión: se va a pedir al volver.";
  });

  // ---- the state of the connection

  const STATES = {
    conectado: "conectado",
    conectando: "conectando…",
    reconectando: "reconectando…",
    cortado: "sin conexión",
  };

  function showState(state) {
    $("estado").dataset.estado = state;
    $("estado").textContent = STATES[state];
    if (state !== "conectado") showTransport("–");
  }

  function showTransport(name) {
    $("transporte").textContent = name;
    $("cable").dataset.transporte = name === "–" ? "" : name;
  }

  socket.io.on("open", () => {
    const engine = socket.io.engine; // a new one at each reconnection
    const opened = performance.now();
    showTransport(engine.transport.name);
    $("actualizado").textContent =
      engine.transport.name === "websocket"
        ? "no hizo falta: empezó así"
        : chosen === "polling"
          ? "no: se eligió polling"
          : "todavía no";
    note(`abierto por ${engine.transport.name}`);
    engine.once("upgrade", (transport) => {
      const took = Math.round(performance.now() - opened);
      showTransport(transport.name);
      $("actualizado").textContent = `sí, ${clock()} (a los ${took} ms)`;
      note(`subió a ${transport.name} a los ${took} ms`);
    });
  });

  socket.on("connect", () => showState("conectado"));
  socket.on("disconnect", (reason) => {
    showState(socket.active ? "reconectando" : "cortado");
    $("visitantes").textContent = "–";
    note(`se cortó: ${reason}`);
  });
  socket.on("connect_error", (error) => {
    showState("reconectando");
    note(`no se pudo conectar: ${error.message}`);
  });

  for (const button of document.querySelectorAll("button[data-transporte]")) {
    button.addEventListener("click", () => {
      chosen = button.dataset.transporte;
      press("button[data-transporte]", button);
      $("explicacion").textContent = EXPLANATIONS[chosen];
      socket.disconnect();
      showState("conectando");
      socket.io.opts.transports = TRANSPORTS[chosen]; // read again at each connection
      socket.connect();
    });
  }
  $("explicacion").textContent = EXPLANATIONS[chosen];

  // ---- rooms, broadcasts, visitors

  function changeRoom(wanted) {
    socket.emit("cambiar de sala", wanted, (answer) => {
      if (!answer.ok) return notice(answer.motivo);
      room = wanted;
      press("button[data-sala]", document.querySelector(`button[data-sala="${wanted}"]`));
    });
  }

  for (const button of document.querySelectorAll("button[data-sala]")) {
    button.addEventListener("click", () => {
      if (socket.connected) changeRoom(button.dataset.sala);
    });
  }

  $("difundir").addEventListener("submit", (event) => {
    event.preventDefault();
    const form = event.currentTarget;
    const message = { texto: form.elements.texto.value, alcance: form.elements.alcance.value };
    socket.timeout(5000).emit("difundir", message, (error, answer) => {
      if (error) return notice("El mensaje no llegó al servidor. Se puede intentar de nuevo.");
      if (!answer.ok) return notice(answer.motivo);
      form.elements.texto.value = "";
      showMessage({ de: "yo", texto: message.texto.trim(), sala: message.alcance === "sala" ? room : null }, "mio");
    });
  });

  socket.on("mensaje", (message) => showMessage(message, ""));
  socket.on("aviso", (message) => notice(message.texto));

  socket.on("visitantes", ({ total, salas }) => {
    $("visitantes").textContent = String(total);
    $("visitantes-rotulo").textContent = total === 1 ? "visitante" : "visitantes";
    for (const count of document.querySelectorAll("[data-cuenta]"))
      count.textContent = String(salas[count.dataset.cuenta]);
  });

  function showMessage(message, kind) {
    const where = message.sala === null ? "a todos" : `en ${message.sala}`;
    const line = item(message.texto, kind);
    const meta = document.createElement("span");
    meta.className = "quien";
    meta.textContent = `${message.de} · ${where} · ${clock()}`;
    line.prepend(meta);
    addItem($("mensajes"), line, "append");
  }

  function notice(text) {
    addItem($("mensajes"), item(text, "aviso"), "append");
  }

  // ---- drawing

  function item(text, kind) {
    const li = document.createElement("li");
    const span = document.createElement("span");
    span.className = "texto";
    span.textContent = text; // never innerHTML: what others wrote is not markup
    li.append(span);
    if (kind) li.className = kind;
    return li;
  }

  function addItem(list, element, how = "prepend") {
    list[how](element);
    while (list.children.length > LISTED) (how === "prepend" ? list.lastChild : list.firstChild).remove();
    if (how === "append") list.scrollTop = list.scrollHeight;
  }

  function note(text) {
    addItem($("bitacora"), item(`${clock()}  ${text}`));
  }

  function press(selector, pressed) {
    for (const button of document.querySelectorAll(selector)) {
      button.setAttribute("aria-pressed", String(button === pressed));
    }
  }

  function drawChart() {
    // A chart of one point is a dot at the right edge; the line grows to the left and then slides.
    const step = 100 / (POINTS - 1);
    const points = numbers.map((number, index) => {
      const x = 100 - (numbers.length - 1 - index) * step;
      return [x, 38 - (number / 1000) * 36];
    });
    const line = points.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join("L");
    const [firstX] = points[0];
    const [, lastY] = points[points.length - 1];
    $("linea").setAttribute("d", `M${line}`);
    $("area").setAttribute("d", `M${firstX.toFixed(2)} 40L${line}L100 40Z`);
    $("punto").style.top = `${(lastY / 40) * 100}%`;
    $("punto").hidden = false;
  }

  // Each message is seen travelling: to the right when it leaves, to the left when it arrives.
  const still = matchMedia("(prefers-reduced-motion: reduce)");
  function pulse(outgoing) {
    const wire = $("hilo");
    if (still.matches || document.hidden || wire.children.length > 20) return;
    const dot = document.createElement("span");
    dot.className = outgoing ? "pulso ida" : "pulso vuelta";
    wire.append(dot);
    const path = outgoing ? ["0%", "100%"] : ["100%", "0%"];
    dot.animate({ left: path }, { duration: 700, easing: "cubic-bezier(.45,.05,.55,.95)" }).onfinish = () =>
      dot.remove();
  }
  socket.onAny(() => pulse(false));
  socket.onAnyOutgoing(() => pulse(true));
})();
