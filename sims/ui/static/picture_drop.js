// A place for one picture: drop a file, choose one, paste one, or take one with the camera.
const input = make("input", { type: "file", accept: "image/*", class: "visually-hidden", tabindex: "-1", change: () => take(input.files[0]) });
const picture = make("img", { class: "drop-picture", alt: "" });
const label = make("span", { class: "drop-label" });
const invite = make("span", { class: "drop-invite" });
const choose = make("button", { type: "button", class: "drop-choose", click: () => (props.value?.fixed ? null : input.click()), paste: pasted }, picture, invite);
const video = make("video", { class: "drop-video", autoplay: true, playsinline: true, hidden: true });
const note = make("p", { class: "drop-note", role: "status" });
const clear = tool("Remove", () => tell({ file: null }), "Remove this picture");
const camera = tool("Camera", film, "Take a picture with the camera");
const snap = tool("Take it", shot, "Take the picture now");
const away = tool("Cancel", cut, "Close the camera");
const place = make("div", { class: "drop-place", dragover: over, dragleave: () => place.classList.remove("over"), drop: dropped }, choose, video, label);
root.append(place, make("div", { class: "drop-below" }, note, make("span", { class: "drop-tools" }, camera, snap, away, clear)), input);
let stream = null;

function tool(text, click, title) {
  return make("button", { type: "button", class: "drop-tool", click, title }, text);
}

function say(sentence) {
  note.textContent = sentence;
}

// What the server hears, and answers with what it made of the file.
function tell(change) {
  props.value = { ...props.value, ...change };
  trigger("input");
}

async function take(file) {
  input.value = "";
  if (!file || props.value?.fixed) return;
  place.classList.add("busy");
  say("Sending the picture…");
  try {
    const { path, url } = await upload(file);
    tell({ file: { path, url, orig_name: file.name, meta: { _type: "gradio.FileData" } } });
  } catch {
    say("The picture did not arrive; it may be larger than 64 MB. Choose it again.");
  }
  place.classList.remove("busy");
}

function over(event) {
  event.preventDefault();
  place.classList.add("over");
}
function dropped(event) {
  event.preventDefault();
  place.classList.remove("over");
  take(event.dataTransfer.files[0]);
}
function pasted(event) {
  const file = [...(event.clipboardData?.files || [])].find((one) => one.type.startsWith("image/"));
  if (!file) return;
  event.preventDefault();
  take(file);
}

async function film() {
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
  } catch {
    say("The camera cannot be used here; allow it in the browser, or choose a file.");
    return;
  }
  video.srcObject = stream;
  draw();
}
function cut() {
  stream?.getTracks().forEach((track) => track.stop());
  stream = video.srcObject = null;
  draw();
}
function shot() {
  const canvas = make("canvas", { width: video.videoWidth, height: video.videoHeight });
  canvas.getContext("2d").drawImage(video, 0, 0);
  canvas.toBlob((blob) => blob && take(new File([blob], "camera.png", { type: "image/png" })), "image/png");
  cut();
}

function draw() {
  const value = props.value || {}, url = value.file?.url || "";
  label.textContent = value.label || "";
  invite.replaceChildren(make("b", {}, value.invite || ""), "Drop a picture, paste one, or click to choose");
  picture.hidden = !url;
  invite.hidden = Boolean(url);
  if (url && picture.getAttribute("src") !== url) picture.src = url;
  if (!url) picture.removeAttribute("src");
  const doing = value.fixed ? "" : url ? " Choose another picture." : " Choose a picture.";
  choose.setAttribute("aria-label", `${value.label}.${value.note ? ` ${value.note}.` : ""}${doing}`.replaceAll("..", "."));
  choose.disabled = Boolean(value.fixed);
  place.classList.toggle("filled", Boolean(url));
  say(value.note || "");
  note.classList.toggle("drop-wrong", Boolean(value.wrong));
  video.hidden = !stream;
  choose.hidden = Boolean(stream);
  snap.hidden = away.hidden = !stream;
  clear.hidden = !url || value.fixed || Boolean(stream);
  camera.hidden = Boolean(stream) || value.fixed || !navigator.mediaDevices?.getUserMedia;
}

show(draw);
