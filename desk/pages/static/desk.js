// All that scripts do here: press the login button, and count what is left of the note.
const door = document.querySelector("form[data-at-once]");
if (door) door.submit();

const note = document.getElementById("note");
const left = document.getElementById("note-left");
if (note && left) {
  const count = () => {
    left.hidden = note.value === "";
    left.textContent = left.dataset.words.replace("{count}", note.maxLength - note.value.length);
  };
  note.addEventListener("input", count);
  count();
}
