"use strict";
// Keeps the figures on a page up to date while somebody looks at it: the page itself is asked for
// anew, and what has changed within each [data-live] takes the place of what was there.
{
  const SECOND = 1000;
  const places = document.querySelectorAll("[data-live]");
  const state = document.getElementById("live-state");
  let timer, over = false;

  class OutOfDate extends Error {}

  async function fetchPage() {
    const reply = await fetch(location.href, { cache: "no-store", signal: AbortSignal.timeout(10 * SECOND) });
    // Signed out, or nothing is there any more: asking again would change nothing.
    if (reply.redirected || (reply.status >= 400 && reply.status < 500)) throw new OutOfDate();
    if (!reply.ok) throw new Error(reply.statusText);
    return new DOMParser().parseFromString(await reply.text(), "text/html");
  }

  // Only what differs is touched: focus, selection and scrolling stay where they are.
  function renew(old, fresh) {
    if (old.isEqualNode(fresh)) return;
    const alike = old.nodeName === fresh.nodeName && old.childNodes.length === fresh.childNodes.length;
    if (!alike) return old.replaceWith(fresh);
    if (old.nodeType !== Node.ELEMENT_NODE) old.nodeValue = fresh.nodeValue;
    else for (const { name, value } of fresh.attributes)
      if (old.getAttribute(name) !== value) old.setAttribute(name, value);
    const children = [...fresh.childNodes];
    [...old.childNodes].forEach((child, number) => renew(child, children[number]));
  }

  function say(sentence) {
    if (state.textContent !== sentence) state.textContent = sentence;
  }

  async function turn() {
    try {
      const page = await fetchPage();
      for (const place of places) renew(place, page.getElementById(place.id));
      say("");
    } catch (error) {
      over = error instanceof OutOfDate;
      say(over ? "This page is out of date. Reload it." : "The connection is lost. Trying again …");
    }
    wait();
  }

  function wait() {
    clearTimeout(timer);
    if (!over && !document.hidden) timer = setTimeout(turn, 3 * SECOND);
  }

  document.addEventListener("visibilitychange", () => {
    clearTimeout(timer);
    if (!over && !document.hidden) turn();
  });
  wait();
}
