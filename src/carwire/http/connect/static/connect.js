// Improves the pages of Connect; each of them works without it.
"use strict";
(() => {
  const find = (id) => document.getElementById(id);
  const make = (name, text, facts = {}) => Object.assign(document.createElement(name), { textContent: text }, facts);
  const language = document.documentElement.lang;
  const plurals = new Intl.PluralRules(language);
  const counted = (facts, count) =>
    (facts[plurals.select(count)] || facts.other).replace("{count}", new Intl.NumberFormat(language).format(count));

  // Brands: hide in place what a search does not find. Nothing is rebuilt, and the focus stays where it is.
  const search = find("brand-search");
  if (search) {
    const folded = (text) => text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
    const rows = [...find("brand-list").children].map((row) => {
      const button = row.firstElementChild;
      const name = button.querySelector(".mark + span").firstChild.textContent;
      return [row, [folded(name), folded(button.value.replaceAll("_", " "))]];
    });
    const count = find("brand-count");
    const filter = () => {
      const wanted = folded(search.value.trim());
      let found = 0;
      for (const [row, names] of rows) {
        row.hidden = !names.some((name) => name.includes(wanted));
        found += row.hidden ? 0 : 1;
      }
      const text = found ? counted(count.dataset, found) : count.dataset.none;
      if (count.textContent !== text) count.textContent = text;
    };
    search.addEventListener("input", filter);
    addEventListener("pageshow", filter);
    search.addEventListener("keydown", (event) => {
      if (event.key === "Enter") event.preventDefault();
    });
  }

  // What is typed hidden may be shown.
  const hidden = document.querySelector("input[data-show]");
  if (hidden) {
    const toggle = make("button", hidden.dataset.show, { type: "button", className: "small", id: "show-password" });
    toggle.setAttribute("aria-pressed", "false");
    toggle.setAttribute("aria-controls", hidden.id);
    toggle.addEventListener("click", () => {
      const shown = hidden.type === "password";
      hidden.type = shown ? "text" : "password";
      toggle.setAttribute("aria-pressed", String(shown));
    });
    hidden.after(toggle);
    hidden.form.addEventListener("submit", () => { hidden.type = "password"; });
  }

  // Waiting for the maker: a sentence after one second, another after ten.
  const waiting = find("waiting");
  if (waiting) {
    let timers = [];
    const say = (text, milliseconds) => setTimeout(() => { waiting.textContent = text; }, milliseconds);
    waiting.closest("form").addEventListener("submit", (event) => {
      if (event.submitter && event.submitter.id !== waiting.dataset.for) return;
      timers = [say(waiting.dataset.soon, 1000), say(waiting.dataset.later, 10000)];
    });
    addEventListener("pageshow", () => {
      timers.forEach(clearTimeout);
      waiting.textContent = "";
    });
  }

  // A pause after too many tries: count down in sight, and tell only the end aloud.
  const pause = find("wait");
  if (pause) {
    const end = Date.now() + Number(pause.dataset.seconds) * 1000;
    const text = find("error");
    text.setAttribute("aria-live", "off");
    const tick = setInterval(() => {
      const left = Math.ceil((end - Date.now()) / 1000);
      if (left > 0) {
        text.textContent = counted(pause.dataset, left);
        return;
      }
      clearInterval(tick);
      text.className = "";
      text.setAttribute("aria-live", "polite");
      text.textContent = pause.dataset.over;
    }, 1000);
  }

  // Several cars: tick or untick the page.
  const cars = [...document.querySelectorAll("#cars input[type=checkbox]")];
  if (cars.length > 2) {
    const box = make("input", "", { type: "checkbox", id: "all-cars" });
    const label = make("label", "", { className: "tick" });
    const row = make("li", "");
    const show = () => {
      const ticked = cars.filter((car) => car.checked).length;
      box.checked = ticked === cars.length;
      box.indeterminate = ticked > 0 && ticked < cars.length;
    };
    box.addEventListener("change", () => cars.forEach((car) => { car.checked = box.checked; }));
    cars.forEach((car) => car.addEventListener("change", show));
    label.append(box, make("span", find("cars").dataset.all));
    row.append(label);
    cars[0].closest("ul").prepend(row);
    addEventListener("pageshow", show);
  }

  // The time limit: a warning two minutes before the session ends, with a link that loads the page anew.
  const time = find("time");
  if (time) {
    const idle = Number(time.dataset.idleMinutes) * 60000;
    const tell = (text, action) => {
      time.replaceChildren(make("p", text), make("a", action, { className: "button", href: time.dataset.here || location.href }));
    };
    setTimeout(() => tell(time.dataset.expiring, time.dataset.extend), Math.max(idle - 120000, idle / 2));
    setTimeout(() => tell(time.dataset.expired, time.dataset.again), idle);
  }

  // Done: tell the window that opened this one, and close.
  const close = find("close");
  if (close && window.opener) {
    const { origin, message } = document.querySelector("main").dataset;
    const leave = make("button", close.dataset.close, { type: "button", className: "main", id: "close-button" });
    leave.addEventListener("click", () => window.close());
    close.after(leave);
    if (origin && message) {
      window.opener.postMessage(JSON.parse(message), origin);
      window.close();
    }
  }
})();
