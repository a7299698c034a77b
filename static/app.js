"use strict";
// What the pages do beyond links, forms and htmx. Everything works without it, in more steps.

// Trusted Types: htmx may make elements of what our server sends, and never run code.
htmx.registerExtension("trusted-types", {
  init(api) {
    const policy = trustedTypes.createPolicy("htmx", {
      createHTML: (html) => html,
      createScript: () => "",
    });
    api.initSecurity(policy);
  },
});

// The server did not answer at all.
document.addEventListener("htmx:error", (event) => {
  if (event.detail.ctx?.response) return;
  const words = document.getElementById("unreachable").content.cloneNode(true);
  document.getElementById("notice").replaceChildren(words);
});

// A new try takes away what was said of the last one.
document.addEventListener("htmx:before:request", () => {
  document.getElementById("notice").replaceChildren();
});

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  navigator.clipboard.writeText(button.dataset.copy).then(() => {
    button.textContent = button.dataset.done;
  });
});

// Choices that dropped down close at a click elsewhere.
document.addEventListener("click", (event) => {
  for (const open of document.querySelectorAll(".others[open]")) open.open = open.contains(event.target);
});

// Escape closes them, and the editor that holds the focus as its Cancel does.
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  for (const open of document.querySelectorAll(".others[open]")) open.open = false;
  event.target.closest(".entry")?.querySelector(".beneath .doing a")?.click();
});

// A name that stands there to be replaced: the first key does it.
document.addEventListener("focusin", (event) => {
  if (event.target.matches("[data-replace]")) event.target.select();
});

// A form that leaves its page is sent once: the answer to a second click would hide that of the first.
document.addEventListener("submit", (event) => {
  const button = event.submitter;
  if (event.defaultPrevented || !button) return;
  setTimeout(() => { button.disabled = true; });
  setTimeout(() => { button.disabled = false; }, 3000); // a download leaves its page as it is
});

// The filter above a long menu.
document.addEventListener("input", (event) => {
  const list = document.querySelector(event.target.dataset.filter || null);
  if (!list) return;
  const wanted = event.target.value.trim().toLowerCase();
  for (const item of list.children) item.hidden = !item.textContent.toLowerCase().includes(wanted);
});
