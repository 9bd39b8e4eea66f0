// A latent in the place of a seed: a chip that says what it is, or a button that takes a file; files can be dropped too.
const input = make("input", { type: "file", accept: ".npy", class: "visually-hidden", tabindex: "-1", "aria-hidden": "true", change: () => take(input.files[0]) });
const text = make("span", { class: "latent-text" });
const spaces = make("select", { class: "latent-space", "aria-label": "Space of the latent", change: () => trigger("space", { space: spaces.value }) },
  make("option", { value: "w" }, "behind the mapping network (w)"),
  make("option", { value: "z" }, "in front of it (z)"),
);
const clear = make("button", { type: "button", class: "latent-clear", title: "Back to the seed", click: () => trigger("clear") }, "×");
const chip = make("span", { class: "latent-chip", role: "status" }, text, spaces, clear);
const choose = make("button", { type: "button", class: "quiet-button", click: () => input.click() }, "Use a latent (.npy)");
const wrong = make("p", { class: "latent-wrong", role: "alert" });
root.append(make("div", { class: "latent-row" }, chip, choose), wrong, input);

async function take(file) {
  input.value = "";
  if (!file) return;
  wrong.textContent = "";
  root.classList.add("busy");
  try {
    const { path, url } = await upload(file);
    props.value = { ...props.value, file: { path, url, orig_name: file.name, meta: { _type: "gradio.FileData" } } };
    trigger("input");
  } catch {
    wrong.textContent = "The latent did not arrive; it may be larger than 64 MB. Choose it again.";
  }
  root.classList.remove("busy");
}

root.addEventListener("dragover", (event) => {
  event.preventDefault();
  root.classList.add("over");
});
root.addEventListener("dragleave", () => root.classList.remove("over"));
root.addEventListener("drop", (event) => {
  event.preventDefault();
  root.classList.remove("over");
  take(event.dataTransfer.files[0]);
});

function draw() {
  const value = props.value || {};
  chip.hidden = !value.text;
  text.textContent = value.text ? value.text[0].toUpperCase() + value.text.slice(1) : "";
  clear.setAttribute("aria-label", `Leave out the latent; ${value.whose} is that of its seed again`);
  spaces.hidden = !value.space;
  if (value.space) spaces.value = value.space;
  choose.textContent = value.text ? "Another one" : "Use a latent (.npy)";
  choose.setAttribute("aria-label", `${choose.textContent} for ${value.whose}`);
  wrong.textContent = value.wrong || "";
}

show(draw);
