// One file on its way: progress, cancelling, and what came of it.
import { TOKEN } from "./keep.js";
import { locale, say } from "./words.js";

const STALLED = 45000;

// Calls `done` once with {kept} or {trouble, again, busy}; returns the way to stop it.
export function transfer(file, progressed, done) {
  const request = new XMLHttpRequest();
  let idle = 0;
  let over = false;
  const finish = (result) => {
    if (over) return;
    over = true;
    clearTimeout(idle);
    done(result);
  };
  const interrupted = () => finish({ trouble: say("web.upload.offline"), again: true, busy: true });
  const moved = () => {
    clearTimeout(idle);
    idle = setTimeout(() => {
      interrupted();
      request.abort();
    }, STALLED);
  };
  request.open("POST", new URL("chat/uploads", document.baseURI));
  request.setRequestHeader("X-Chat", TOKEN);
  request.setRequestHeader("Accept-Language", locale());
  request.setRequestHeader("Content-Type", "application/octet-stream");
  request.upload.addEventListener("progress", (event) => {
    moved();
    progressed(event.loaded / (event.total || file.size));
  });
  request.addEventListener("load", () => finish(outcome(request)));
  request.addEventListener("error", interrupted);
  moved();
  request.send(file);
  return () => {
    over = true;
    clearTimeout(idle);
    request.abort();
  };
}

function outcome(request) {
  const answer = parsed(request.responseText);
  if (request.status === 200 && answer) return { kept: answer };
  const busy = [408, 429, 502, 503, 504].includes(request.status);
  const trouble = answer?.error?.text || say("web.upload.failed");
  return { trouble, again: busy || request.status >= 500, busy };
}

function parsed(words) {
  try {
    return JSON.parse(words);
  } catch {
    return null;
  }
}
