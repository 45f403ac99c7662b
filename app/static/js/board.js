// The board: cards move by pointer, by keyboard (Space, arrows, Space) or by their menu. Moves show at once and go back when refused.
import { $, $$, announce, el, json, say, toast } from "./dom.js";

const board = $("[data-board]");
let lifted = null; // {card, from, before, to}: moved by the keyboard
let dragged = null;

const lanes = () => $$("[data-lane]", board);
const laneOf = (card) => card.closest("[data-lane]");
const name = (node) => node.dataset.title;
const allowed = (card, lane) => laneOf(card) === lane || (card.dataset.moves ?? "").split(" ").includes(lane.dataset.lane);

export function startBoard() {
  // Most cards of a column may go to the same columns: these stand there once, and differ from the first move on.
  for (const card of $$("[data-card][draggable]:not([data-moves])", board)) card.dataset.moves = laneOf(card).dataset.moves;
  board.addEventListener("dragstart", (event) => {
    const card = event.target.closest("[data-card]");
    if (!card || event.target.closest("a")?.draggable === true && event.target !== card) return;
    dragged = card;
    event.dataTransfer.effectAllowed = "move";
    event.dataTransfer.setData("text/plain", card.dataset.card);
    requestAnimationFrame(() => card.classList.add("dragging"));
    for (const lane of lanes()) lane.classList.toggle("no", !allowed(card, lane));
  });
  board.addEventListener("dragover", (event) => {
    const lane = event.target.closest("[data-lane]");
    for (const other of lanes()) other.classList.toggle("over", other === lane && dragged && allowed(dragged, lane) && laneOf(dragged) !== lane);
    if (lane && dragged && allowed(dragged, lane)) event.preventDefault();
  });
  board.addEventListener("drop", (event) => {
    const lane = event.target.closest("[data-lane]");
    if (!lane || !dragged) return;
    event.preventDefault();
    if (laneOf(dragged) !== lane) move(dragged, lane);
  });
  board.addEventListener("dragend", () => {
    dragged?.classList.remove("dragging");
    dragged = null;
    for (const lane of lanes()) lane.classList.remove("over", "no");
  });
  board.addEventListener("keydown", keys);
  board.addEventListener("toggle", (event) => { if (event.target.open) fill(event.target); }, true);
  board.addEventListener("focusout", (event) => { if (lifted && event.target === lifted.card && !lifted.moving) cancel(); });
  board.addEventListener("click", (event) => {
    const to = event.target.closest("[data-to]");
    if (!to) return;
    const card = to.closest("[data-card]");
    to.closest("details").open = false;
    move(card, lanes().find((lane) => lane.dataset.lane === to.dataset.to));
    card.focus();
  });
}

// The menu of a card: the columns that it may go to.
function fill(menu) {
  const card = menu.closest("[data-card]");
  const items = lanes().filter((lane) => lane !== laneOf(card) && allowed(card, lane)).map((lane) => el("button", { type: "button", class: "item", "data-to": lane.dataset.lane }, name(lane)));
  $(".pop", menu).replaceChildren(el("p", { class: "options-group" }, $("summary", menu).title), ...items);
}

function keys(event) {
  const card = event.target;
  if (!card.matches?.("[data-card]")) return;
  const rtl = document.documentElement.dir === "rtl";
  const way = { ArrowRight: rtl ? -1 : 1, ArrowLeft: rtl ? 1 : -1 }[event.key];
  if (event.key === " " || (event.key === "Enter" && lifted)) {
    event.preventDefault();
    if (lifted) drop(); else lift(card);
  } else if (event.key === "Escape" && lifted) {
    event.preventDefault();
    cancel();
  } else if (way && lifted) {
    event.preventDefault();
    shift(way);
  } else if (event.key === "Enter") {
    $("a", card)?.click();
  } else if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    event.preventDefault();
    if (lifted) return;
    const all = $$("[data-card]", laneOf(card));
    all[all.indexOf(card) + (event.key === "ArrowDown" ? 1 : -1)]?.focus();
  } else if (way) {
    event.preventDefault();
    const all = lanes().filter((lane) => $("[data-card]", lane));
    $("[data-card]", all[all.indexOf(laneOf(card)) + way] ?? card.parentElement)?.focus();
  }
}

function lift(card) {
  if (!card.dataset.moves) return announce(card.dataset.reason || say("only"));
  const from = laneOf(card);
  lifted = { card, from, before: card.nextElementSibling, to: from };
  card.classList.add("lifted");
  return announce(say("lifted", { card: name(card), column: name(from) }));
}

function shift(way) {
  const all = lanes();
  const lane = all[all.indexOf(lifted.to) + way];
  if (!lane) return;
  lifted.to = lane;
  for (const other of all) other.classList.toggle("over", other === lane && lane !== lifted.from);
  lane.scrollIntoView({ inline: "nearest", block: "nearest" });
  announce(allowed(lifted.card, lane) ? say("over", { column: name(lane) }) : say("notover", { column: name(lane) }));
}

function done() {
  lifted.card.classList.remove("lifted");
  for (const lane of lanes()) lane.classList.remove("over");
  lifted = null;
}

function cancel() {
  const { card, from } = lifted;
  done();
  announce(say("back", { card: name(card), column: name(from) }));
}

function drop() {
  const { card, from, to } = lifted;
  if (to !== from && !allowed(card, to)) return announce(say("notover", { column: name(to) }));
  done();
  if (to === from) return announce(say("back", { card: name(card), column: name(from) }));
  move(card, to);
  return card.focus();
}

// A card's column is shown at once; the counts are text such as "1,200" and change only where they are plain numbers.
function put(card, lane, before = null) {
  const held = document.activeElement === card;
  if (lifted) lifted.moving = true;
  const from = laneOf(card);
  $("[data-cards]", lane).insertBefore(card, before ?? $("[data-card]", lane));
  if (held) card.focus();
  for (const [one, by] of [[from, -1], [lane, 1]]) {
    const total = $("[data-total]", one);
    if (/^\d+$/.test(total.textContent.trim())) total.textContent = String(Number(total.textContent) + by);
  }
}

// Moves a card that was seen in the lane `from`. Who has moved it meanwhile is right: then it goes where they put it.
async function move(card, lane, from = laneOf(card), undoing = false) {
  const was = laneOf(card);
  const before = card.nextElementSibling;
  put(card, lane);
  card.classList.add("busy");
  const { ok, data } = await json(board.dataset.board, { body: { id: card.dataset.card, from: from.dataset.lane, to: lane.dataset.lane } });
  card.classList.remove("busy");
  const message = (ok && undoing ? say("undone") : data.message) ?? say("failed");
  if (!ok) {
    toast(message, "danger");
    if (data.column) return giveWay(card, was, data.column, message);
    put(card, was, before?.isConnected ? before : null);
    return announce(`${message} ${say("back", { card: name(card), column: name(was) })}`);
  }
  settleCard(card, was, lane);
  announce(message);
  toast(message, "success", data.changed && !undoing && {
    label: say("undo"),
    run: async () => {
      await move(card, from, lane, true);
      card.focus();
    },
  });
  return undefined;
}

function giveWay(card, was, column, message) {
  const now = lanes().find((lane) => lane.dataset.lane === column);
  if (!now) return card.remove(); // its stage is not in use
  put(card, now);
  settleCard(card, was, now);
  return announce(message);
}

// Where it may go from here: its old columns, with the one it left in place of the one it is in.
function settleCard(card, was, now) {
  card.dataset.moves = [...new Set([...card.dataset.moves.split(" "), was.dataset.lane])].filter((id) => id !== now.dataset.lane).join(" ");
}
