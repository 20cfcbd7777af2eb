// A small picture of what is being sent, made here; null where the browser cannot draw it (HEIC).
const SIDE = 200;
const PATIENCE = 8000;

export async function thumbnail(file) {
  try {
    return await (file.type.startsWith("video/") ? ofVideo(file) : ofPicture(file));
  } catch {
    return null;
  }
}

async function ofPicture(file) {
  const bitmap = await createImageBitmap(file);
  const small = drawn(bitmap, bitmap.width, bitmap.height);
  bitmap.close();
  return small;
}

async function ofVideo(file) {
  const video = document.createElement("video");
  const source = URL.createObjectURL(file);
  try {
    Object.assign(video, { muted: true, playsInline: true, preload: "auto", src: source });
    await happened(video, "loadeddata");
    video.currentTime = Math.min(0.1, video.duration || 0);
    await happened(video, "seeked");
    return drawn(video, video.videoWidth, video.videoHeight);
  } finally {
    video.removeAttribute("src");
    // Or it would go on asking for a source that is no more.
    video.load();
    URL.revokeObjectURL(source);
  }
}

function happened(video, name) {
  return new Promise((resolve, reject) => {
    video.addEventListener(name, resolve, { once: true });
    video.addEventListener("error", reject, { once: true });
    setTimeout(reject, PATIENCE);
  });
}

// The middle of it, square.
function drawn(image, width, height) {
  const side = Math.min(width, height);
  if (!side) return null;
  const canvas = Object.assign(document.createElement("canvas"), { width: SIDE, height: SIDE });
  canvas.getContext("2d").drawImage(image, (width - side) / 2, (height - side) / 2, side, side, 0, 0, SIDE, SIDE);
  return canvas.toDataURL("image/jpeg", 0.6);
}
