// Warns before leaving a form in which something was typed and not sent. Forms work without this file.
let typed = false;
document.addEventListener("input", (event) => {
  if (event.target.form?.method === "post") typed = true;
});
document.addEventListener("submit", () => {
  typed = false;
});
window.addEventListener("beforeunload", (event) => {
  if (typed) event.preventDefault();
});
