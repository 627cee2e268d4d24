// Warns before leaving a form in which something was typed and not sent. Forms work without this file.
const typed = new Set();
document.addEventListener("input", (event) => {
  if (event.target.form?.method === "post") typed.add(event.target.form);
});
// Sending one form of a page leaves what was typed in another.
document.addEventListener("submit", (event) => {
  typed.delete(event.target);
});
window.addEventListener("beforeunload", (event) => {
  if (typed.size) event.preventDefault();
});

// The drawing as an editor: the first component chosen, by click or keyboard, is the source of a link, the second
// its target. The form beside it does the same without this file.
const editor = document.querySelector("[data-graph-editor]");
if (editor) {
  const form = document.querySelector(editor.dataset.graphEditor);
  const boxes = editor.querySelectorAll("[data-component]");
  const say = document.getElementById("choix");
  const choose = (box) => {
    const next = form.source.value && !form.target.value ? form.target : form.source;
    if (next === form.source) form.target.value = "";
    if (![...next.options].some((option) => option.value === box.dataset.component)) return;
    if (next === form.target && form.source.value === box.dataset.component) return;
    next.value = box.dataset.component;
    for (const other of boxes) {
      const place = [form.source.value, form.target.value].indexOf(other.dataset.component);
      other.classList.toggle("jalon-chosen", place >= 0);
      other.setAttribute("aria-pressed", String(place >= 0));
    }
    const said = [form.source, form.target].map((f) => f.selectedOptions[0]?.value && f.selectedOptions[0].text);
    say.textContent = said.filter(Boolean).join(" → ");
    if (next === form.target) {
      form.kind.focus();
      form.scrollIntoView({ block: "nearest" });
    }
  };
  for (const box of boxes) {
    box.setAttribute("tabindex", "0");
    box.setAttribute("role", "button");
    box.setAttribute("aria-pressed", "false");
    box.setAttribute("aria-label", box.querySelector("title").textContent);
    box.addEventListener("click", () => choose(box));
    box.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choose(box);
      }
    });
  }
  editor.querySelector("svg").setAttribute("role", "group");
}

// A form whose choices are drawn at once, in place of its button that draws them on a new page.
for (const form of document.querySelectorAll("[data-drawn-at]")) {
  let asked = 0;
  form.addEventListener("change", async () => {
    const mine = ++asked;
    const answer = await fetch(form.dataset.drawnAt, { method: "POST", body: new FormData(form) });
    if (answer.ok && mine === asked) {
      document.getElementById(form.dataset.drawnIn).innerHTML = await answer.text();
    }
  });
}

// A security key: the page carries what the server asks, the key answers, the form sends the answer.
const decoded = (text) => Uint8Array.from(atob(text.replace(/-/g, "+").replace(/_/g, "/")), (c) => c.charCodeAt(0));
const encoded = (buffer) =>
  btoa(String.fromCharCode(...new Uint8Array(buffer)))
    .replace(/\+/g, "-")
    .replace(/\//g, "_")
    .replace(/=+$/, "");
const askKey = async (how, text) => {
  const asked = JSON.parse(text);
  asked.challenge = decoded(asked.challenge);
  for (const list of ["allowCredentials", "excludeCredentials"]) {
    for (const credential of asked[list] ?? []) credential.id = decoded(credential.id);
  }
  if (asked.user) asked.user.id = decoded(asked.user.id);
  const key = await navigator.credentials[how]({ publicKey: asked });
  const response = {};
  for (const part of ["clientDataJSON", "attestationObject", "authenticatorData", "signature", "userHandle"]) {
    if (key.response[part]) response[part] = encoded(key.response[part]);
  }
  return JSON.stringify({ id: key.id, rawId: encoded(key.rawId), type: key.type, response });
};
for (const asker of document.querySelectorAll("[data-key]")) {
  const form = asker.closest("form");
  const ask = async (event) => {
    event.preventDefault();
    try {
      form.elements.answer.value = await askKey(asker.dataset.key, asker.dataset.options);
    } catch {
      form.querySelector("[data-key-fault]").hidden = false;
      return;
    }
    typed.delete(form);
    HTMLFormElement.prototype.submit.call(form);
  };
  asker.hidden = false;
  asker.addEventListener(asker === form ? "submit" : "click", ask);
}
