// All that scripts do here: press the login button, count what is left of the note, and tell whoever
// left the list open what has happened since.
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

const LOOK_MILLISECONDS = 30000;

async function asked(path) {
  const answer = await fetch(path, { redirect: "error" }).catch(() => null);
  return answer && answer.ok ? answer.json() : null;
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
  setInterval(async () => show((await asked(stopped.dataset.count))?.count ?? null), LOOK_MILLISECONDS);
}

// And that cases came in. The list itself stays as it is: somebody may be reading it.
const arrived = document.getElementById("arrived");
if (arrived) {
  const link = Object.assign(document.createElement("a"), { href: "/" });
  setInterval(async () => {
    const news = await asked(arrived.dataset.arrived);
    if (!news?.words || news.words === link.textContent) return;
    link.textContent = news.words;
    link.className = news.major ? "button alarm" : "button";
    arrived.replaceChildren(link);
  }, LOOK_MILLISECONDS);
}
