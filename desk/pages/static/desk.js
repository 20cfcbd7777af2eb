// All that scripts do here: press the login button, count what is left of the note, and keep the
// alarm true.
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

// Somebody who left the list open must see that work has stopped.
const stopped = document.querySelector("a[data-count]");
if (stopped) {
  const title = document.title.replace(/^\(\d+\) /, "");
  const show = (count) => {
    stopped.classList.toggle("alarm", count > 0);
    stopped.querySelector("b").textContent = count ?? "?";
    document.title = count > 0 ? `(${count}) ${title}` : title;
  };
  const look = async () => {
    const answer = await fetch(stopped.dataset.count, { redirect: "error" }).catch(() => null);
    show(answer && answer.ok ? (await answer.json()).count : null);
  };
  setInterval(look, 30000);
}
