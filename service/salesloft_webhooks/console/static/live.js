// What pages do beyond HTML: times in the reader's zone, ids that copy, keys, and streams. Everything works without it.
"use strict";

// -- Times: the server writes UTC, the reader lives somewhere.
const written = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "medium" });
const localise = (root) => {
  for (const each of root.querySelectorAll("time[datetime]")) each.textContent = written.format(new Date(each.dateTime));
};
// What the reader types is meant there, too, unless it names an offset; the address names it, to be passed on.
const TYPED = /^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d)?)?$/;
function offset(event) {
  for (const each of event.target.querySelectorAll("[name=since], [name=until]")) {
    const typed = each.value.trim().replace(" ", "T");
    if (!TYPED.test(each.value.trim())) continue;
    const moment = typed.includes("T") ? typed : `${typed}T00:00`;
    const east = -new Date(moment).getTimezoneOffset();
    if (Number.isNaN(east)) continue; // no such day: the server says so
    const [hours, minutes] = [Math.abs(east) / 60, Math.abs(east) % 60].map((part) => String(Math.trunc(part)).padStart(2, "0"));
    each.value = `${moment}${east < 0 ? "-" : "+"}${hours}:${minutes}`;
  }
}

// -- Streams: what comes is put on top of the list that names the stream; it waits while somebody points at the list.
const LONGEST = 200; // rows
function follow(list) {
  const waiting = [];
  const held = () => list.matches(":hover, :focus-within") || window.scrollY > 200;
  const show = () => {
    while (waiting.length) {
      const next = waiting.shift();
      const known = /^\s*<tr id="([^"]+)"/.exec(next);
      if (!known || !document.getElementById(known[1])) list.insertAdjacentHTML("afterbegin", next);
    }
    for (const row of [...list.children].slice(LONGEST)) if (!row.querySelector(":checked")) row.remove();
    localise(list);
    htmx.process(list);
  };
  const source = new EventSource(list.dataset.stream);
  source.onmessage = (event) => {
    waiting.push(event.data);
    if (waiting.length > LONGEST) waiting.shift();
    if (!held()) show();
  };
  source.onerror = () => source.readyState === EventSource.CLOSED && setTimeout(() => follow(list), 10000);
  const left = () => setTimeout(() => held() || show());
  for (const each of ["mouseleave", "focusout"]) list.addEventListener(each, left);
  window.addEventListener("scroll", left, { passive: true });
}

// -- What is ticked goes into an address, and the head of a request has room for 16 KiB in all.
const ROOM = 14000; // bytes, beside the fields that a browser and a proxy send
function fits(event) {
  const said = event.target.querySelector("[data-too-long]");
  if (!said) return;
  said.hidden = new URLSearchParams(new FormData(event.target)).toString().length <= ROOM;
  if (!said.hidden) event.preventDefault();
}

// -- Keys: none of them does anything that could not be undone.
const PAGES = { g: "/", e: "/events", d: "/dead", q: "/quarantine", a: "/audit" };
let before = "";
function step(by) {
  const all = [...document.querySelectorAll("main tbody tr")];
  const next = all[all.findIndex((row) => row.contains(document.activeElement)) + by] ?? all[by > 0 ? 0 : all.length - 1];
  next?.setAttribute("tabindex", "-1");
  next?.focus();
}
function press(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest("input:not([type=checkbox]), select, textarea, dialog")) return;
  const row = event.target.closest("main tbody tr");
  const last = before;
  before = event.key;
  if (last === "g" && PAGES[event.key]) return void (location.href = PAGES[event.key]);
  if (event.key === "/") document.querySelector("[data-search], [role=search] input")?.focus();
  else if (event.key === "j") step(1);
  else if (event.key === "k") step(-1);
  else if (event.key === "Enter" && row === event.target) row.querySelector("a[href]")?.click();
  else if (event.key === "x") row?.querySelector("input[type=checkbox]")?.click();
  else if (event.key === "?") document.getElementById("keys").showModal();
  else return;
  event.preventDefault();
}

// -- All of it, once the page is there.
localise(document);
document.querySelectorAll("[data-stream]").forEach(follow);
document.addEventListener("keydown", press);
document.addEventListener("submit", offset);
document.addEventListener("submit", fits);
document.addEventListener("htmx:afterSwap", (event) => localise(event.target));
const noAnswer = () => {
  document.getElementById("store-state").innerHTML =
    '<p class="banner bad">The console does not answer, or you are not signed in any more. This page tries again.</p>';
};
for (const failure of ["htmx:sendError", "htmx:responseError"]) document.addEventListener(failure, noAnswer);
document.addEventListener("click", (event) => {
  const copied = event.target.closest("[data-copy]");
  if (copied) navigator.clipboard?.writeText(copied.textContent).then(() => copied.classList.add("copied"));
});
// What was done is said once: not again when the page is loaded anew or its address is passed on.
if (document.querySelector("[data-once]")) {
  const address = new URL(location.href);
  address.searchParams.delete("done");
  history.replaceState(null, "", address);
}
