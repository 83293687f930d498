"use strict";
// Keeps the figures on a page up to date while somebody looks at it. What is within a [data-live] is
// asked for at the address named there (the page itself, if none is), and what has changed takes the
// place of what was there. `data-live-tag` is the ETag of what the page came with: as long as nothing
// is new, the answer is 304, and costs little.
{
  const SECOND = 1000;
  const places = [...document.querySelectorAll("[data-live]")];
  const line = document.getElementById("live-line");
  const state = document.getElementById("live-state");
  const every = Math.min(...places.map((place) => place.dataset.liveEvery || 3)) * SECOND;
  const sources = new Map(); // address → its tag, and the places that are filled from it
  for (const place of places) {
    const address = place.dataset.live || location.href;
    if (!sources.has(address)) sources.set(address, { tag: place.dataset.liveTag, ids: [] });
    sources.get(address).ids.push(place.id);
  }
  let timer, answered = performance.now(), over = false, lost = false, saidBack = 0;

  class OutOfDate extends Error {}
  class Failing extends Error {}

  async function ask(address, tag) {
    const reply = await fetch(address, {
      cache: "no-store",
      headers: tag ? { "If-None-Match": tag } : {},
      signal: AbortSignal.timeout(10 * SECOND),
    });
    if (reply.status === 304) return null;
    // Signed out, or nothing is there any more: asking again would change nothing.
    if (reply.redirected || (reply.status >= 400 && reply.status < 500)) throw new OutOfDate();
    if (!reply.ok) throw new Failing();
    return reply;
  }

  async function renewFrom(address, source) {
    const reply = await ask(address, source.tag);
    if (!reply) return;
    const page = new DOMParser().parseFromString(await reply.text(), "text/html");
    const opened = [...document.querySelectorAll("[data-live] details[open]")].map(({ id }) => id);
    for (const id of source.ids) renewWithin(document.getElementById(id), page.getElementById(id));
    for (const id of opened) document.getElementById(id)?.setAttribute("open", "");
    source.tag = reply.headers.get("ETag");
  }

  // Only what differs is touched: focus, selection and scrolling stay where they are.
  function renew(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    if (old.nodeName !== fresh.nodeName) return old.replaceWith(fresh);
    if (old.nodeType !== Node.ELEMENT_NODE) {
      old.nodeValue = fresh.nodeValue;
      return;
    }
    for (const { name, value } of fresh.attributes)
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    for (const { name } of [...old.attributes])
      if (!fresh.hasAttribute(name)) old.removeAttribute(name);
    renewWithin(old, fresh);
  }

  function renewWithin(old, fresh) {
    const before = [...old.childNodes], after = [...fresh.childNodes];
    before.slice(after.length).forEach((child) => child.remove());
    after.forEach((child, place) => (place < before.length ? renew(before[place], child) : old.append(child)));
  }

  // A sentence that stays the same must not be read out again.
  function say(kind, sentence) {
    line.dataset.state = kind;
    if (state.textContent !== sentence) state.textContent = sentence;
  }

  function sayFine() {
    if (lost) saidBack = Date.now();
    lost = false;
    if (Date.now() - saidBack < 3 * SECOND) say("live", "The connection is back.");
    else say("live", "");
  }

  function sayFailed(error) {
    if (error instanceof OutOfDate) {
      over = true;
      return say("over", "This page is out of date. Reload it.");
    }
    lost = true;
    const what = error instanceof Failing ? "PixelTrack can’t answer." : "The connection is lost.";
    say("lost", `${what} Trying again …`);
  }

  async function turn() {
    try {
      await Promise.all([...sources].map(([address, source]) => renewFrom(address, source)));
      sayFine();
    } catch (error) {
      sayFailed(error);
    }
    answered = performance.now();
    wait();
  }

  // Never sooner: another process may answer with what it made within that time (shared.py), which
  // would be less than what is shown already.
  function wait() {
    clearTimeout(timer);
    if (over || document.hidden) return;
    timer = setTimeout(turn, Math.max(0, answered + every - performance.now()));
  }

  document.addEventListener("visibilitychange", wait);
  addEventListener("online", wait);
  say("live", "");
  wait();
}
