// The frame: side bar, menus, bell, theme and language, flash messages.
import { $, $$, csrf, say, settle } from "./dom.js";

const root = document.documentElement;
const phone = matchMedia("(max-width: 760px)");

export function startShell() {
  sideBar();
  menus();
  bell();
  watchBell();
  choices();
  for (const button of $$("[data-print]")) button.addEventListener("click", () => print());
  flashes();
  for (const back of $$("[data-back]")) back.addEventListener("click", (event) => {
    if (history.length < 2 || !document.referrer.startsWith(location.origin)) return;
    event.preventDefault();
    history.back();
  });
}

function sideBar() {
  const toggle = $("[data-nav-toggle]");
  const side = $("#side");
  if (!toggle || !side) return;
  const sync = () => {
    const open = phone.matches ? root.dataset.nav === "open" : root.dataset.nav !== "small";
    toggle.setAttribute("aria-expanded", String(open));
  };
  const close = () => {
    if (root.dataset.nav !== "open") return;
    delete root.dataset.nav;
    sync();
    toggle.focus();
  };
  toggle.addEventListener("click", () => {
    const wanted = phone.matches ? "open" : "small";
    if (root.dataset.nav === wanted) delete root.dataset.nav;
    else root.dataset.nav = wanted;
    if (phone.matches && root.dataset.nav === "open") shown(side)[0]?.focus();
    if (!phone.matches) document.cookie = `nav=${root.dataset.nav ?? "wide"};path=/;max-age=31536000;samesite=lax`;
    sync();
  });
  $("[data-veil]").addEventListener("click", close);
  side.addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
    if (event.key === "Tab" && root.dataset.nav === "open") trap(event, shown(side));
  });
  side.addEventListener("click", (event) => {
    const head = event.target.closest("[data-fold]");
    if (head) fold(head, side);
  });
  for (const name of ["pointerover", "focusin"]) side.addEventListener(name, (event) => {
    const link = event.target.closest("li a");
    if (link) requestAnimationFrame(() => tip(link));
  });
  if (phone.matches && root.dataset.nav === "small") delete root.dataset.nav;
  phone.addEventListener("change", () => { delete root.dataset.nav; sync(); });
  sync();
  const here = $("[aria-current]", side);
  if (here && here.offsetTop > side.clientHeight - 80) here.scrollIntoView({ block: "center" });
}

const shown = (side) => $$("a, button", side).filter((one) => one.checkVisibility());

// Which sections are folded is kept: the server draws them so, but for the one in which the reader is.
function fold(head, side) {
  const open = head.getAttribute("aria-expanded") === "false";
  head.setAttribute("aria-expanded", String(open));
  head.toggleAttribute("data-kept", !open);
  const folded = $$("[data-fold]", side).flatMap((one, at) => (one.hasAttribute("data-kept") ? [at] : []));
  document.cookie = `folded=${folded.join(".")};path=/;max-age=31536000;samesite=lax`;
}

// Of a collapsed bar: the name beside its sign, however far the bar is scrolled.
function tip(link) {
  const box = link.getBoundingClientRect();
  $("span", link).style.insetBlockStart = `${box.top + box.height / 2}px`;
}

function trap(event, items) {
  const edge = event.shiftKey ? items[0] : items.at(-1);
  if (document.activeElement !== edge) return;
  event.preventDefault();
  (event.shiftKey ? items.at(-1) : items[0]).focus();
}

// Menus are details elements: here they close on Escape, on a press elsewhere, and arrows move between their items.
function menus() {
  document.addEventListener("click", (event) => {
    const item = event.target.closest("a.item, button.item");
    for (const menu of $$("details.menu[open]")) if (!menu.contains(event.target) || (item && item.getAttribute("aria-disabled") !== "true")) menu.open = false;
  });
  document.addEventListener("toggle", (event) => {
    const menu = event.target;
    if (!menu.matches?.("details.menu") || !menu.open) return;
    for (const other of $$("details.menu[open]")) if (other !== menu && !other.contains(menu)) other.open = false;
    requestAnimationFrame(() => place(menu));
  }, true);
  document.addEventListener("keydown", (event) => {
    const menu = event.target.closest?.("details.menu[open]");
    if (!menu) return;
    if (event.key === "Escape" && !event.defaultPrevented) {
      event.preventDefault();
      menu.open = false;
      $("summary", menu).focus();
    } else if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.target.matches("select, input, textarea")) {
      const items = $$("a, button, select, input:not([type=hidden])", $(".pop", menu));
      const at = items.indexOf(document.activeElement);
      event.preventDefault();
      items[(at + (event.key === "ArrowDown" ? 1 : -1) + items.length) % items.length]?.focus();
    }
  });
}

// Keeps an opened menu on the screen.
function place(menu) {
  const pop = $(".pop", menu);
  if (menu.closest(".bcard")) {
    const box = $("summary", menu).getBoundingClientRect();
    pop.style.insetBlockStart = `${Math.min(box.bottom + 4, innerHeight - pop.offsetHeight - 8)}px`;
    pop.style.left = `${Math.max(8, Math.min(box.right - pop.offsetWidth, innerWidth - pop.offsetWidth - 8))}px`;
    return;
  }
  pop.style.translate = "";
  if (phone.matches && menu.closest(".toolbar")) return;
  const box = pop.getBoundingClientRect();
  const over = box.right > innerWidth - 8 ? innerWidth - 8 - box.right : box.left < 8 ? 8 - box.left : 0;
  if (over) pop.style.translate = `${over}px 0`;
}

function bell() {
  const link = $("[data-bell]");
  const box = $("[data-bell-box]");
  if (!link || !box || !link.dataset.bell) return;
  const close = () => { box.hidden = true; link.setAttribute("aria-expanded", "false"); };
  link.setAttribute("aria-expanded", "false");
  link.addEventListener("click", async (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    if (!box.hidden) return close();
    box.hidden = false;
    link.setAttribute("aria-expanded", "true");
    box.textContent = say("loading");
    try {
      const response = await fetch(link.dataset.bell, { headers: { "X-Fragment": "1" }, credentials: "same-origin" });
      if (!response.ok || response.redirected) throw new Error(String(response.status));
      box.innerHTML = await response.text();
    } catch {
      location.assign(link.href);
    }
  });
  document.addEventListener("click", (event) => { if (!event.target.closest(".bell")) close(); });
  link.parentElement.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || box.hidden) return;
    close();
    link.focus();
  });
}

// The number at the bell, asked for every minute while somebody can see it.
const BELL_EVERY = 60_000;

function watchBell() {
  const link = $("[data-bell]");
  if (!link?.dataset.bellCount) return;
  let last = Date.now();
  const refresh = async () => {
    if (document.hidden || Date.now() - last < BELL_EVERY) return;
    last = Date.now();
    try {
      const response = await fetch(link.dataset.bellCount, { headers: { Accept: "application/json" }, credentials: "same-origin" });
      if (response.ok && !response.redirected) showUnread(link, await response.json());
    } catch { /* the next minute tries again */ }
  };
  setInterval(refresh, BELL_EVERY / 4);
  document.addEventListener("visibilitychange", refresh);
}

function showUnread(link, { unread, label }) {
  const count = $(".count", link);
  if (unread && count) count.textContent = unread;
  else if (unread) {
    const made = document.createElement("span");
    made.className = "count";
    made.ariaHidden = "true";
    made.textContent = unread;
    link.append(made);
  }
  else count?.remove();
  link.setAttribute("aria-label", label);
}

function choices() {
  const theme = $("[data-theme-form]");
  theme?.addEventListener("submit", async (event) => {
    event.preventDefault();
    const button = event.submitter;
    root.dataset.theme = button.value;
    for (const other of $$("button", theme)) other.setAttribute("aria-pressed", String(other === button));
    document.dispatchEvent(new Event("themechange"));
    const body = new URLSearchParams({ csrf_token: csrf(), theme: button.value });
    await fetch(theme.action, { method: "POST", body, credentials: "same-origin", redirect: "manual", headers: { "X-Fragment": "1" } }).catch(() => {});
  });
  const locale = $("[data-locale-form] select");
  locale?.addEventListener("change", () => locale.form.requestSubmit());
}

// Read out what the server had to say, and let it be closed.
function flashes() {
  for (const node of $$("#toasts > .toast")) {
    node.remove();
    requestAnimationFrame(() => $("#toasts").append(node));
    settle(node, 7000, ["danger", "warning"].find((tone) => node.classList.contains(tone)) ?? "info");
  }
}

