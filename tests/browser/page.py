"""A notebook open in JupyterLab: opening, running, saving and reloading it, and the errors that it caused.

The session is started before the page is opened, and no cell runs before the page's kernel is idle: a page may
otherwise start two kernels, and Run All then stops after one cell. `complaints` holds errors in the browser's console,
errors of the page's scripts and HTTP responses from 400 on; `asked` holds every address that the page requested. The
log is read from the moment at which the notebook was opened, because ending the kernel of the notebook before may have
left errors in it.
"""

from browser.kernel import LONGEST, Kernel
from browser.lab import TIMEOUT, wait_until
from browser.log import trouble_in
from browser.widget import ACTIONS, Widget

ERRORS = ", ".join(
    f'.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in ("error", "stderr")
)
WITHOUT_WIDTH = """() => [...document.querySelectorAll(".jp-Notebook img")]
    .filter(image => !image.naturalWidth || !image.getBoundingClientRect().width)
    .map(image => `${image.src.slice(0, 80)} "${image.alt}"`)"""
# A live display of training is a progress bar and a picture: record each picture beside a bar.
NOTE_LIVE_PICTURES = """() => {
    window.livePictures = new Set();
    new MutationObserver(changes => changes.forEach(({ target }) => {
        const display = target.matches?.("img") && target.closest(".widget-vbox");
        if (display && display.querySelector(".progress")) window.livePictures.add(target.src);
    })).observe(document, { subtree: true, attributes: true, attributeFilter: ["src"] });
}"""


class Notebook:
    """A notebook in a page of its own.

    Parameters
    ----------
    lab : Lab
    browser : playwright Browser
    name : str
        The name of the notebook, without its folder and suffix.
    """

    def __init__(self, lab, browser, name):
        self.lab, self.name, self.path = lab, name, f"notebooks/{name}.ipynb"
        self.log_before = len(lab.written())
        self.session = lab.begin(self.path)
        self.kernel = Kernel(lab.connection_file(self.session))
        self.complaints, self.asked = [], []
        self.page = browser.new_page(viewport={"width": 1300, "height": 1100})
        self._listen()
        self.page.goto(lab.url(f"lab/tree/{self.path}?reset"))
        self._wait_for_cells()

    def _listen(self):
        note = self.complaints.append
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: note(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: note(str(error)))
        self.page.on("response", lambda got: note(f"{got.status} {got.url}") if got.status >= 400 else None)

    def _wait_for_cells(self):
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=1000 * TIMEOUT)
        wait_until(self.is_idle, lambda: f"{self.name}: the kernel is {self.lab.kernel(self.session)}")

    def is_idle(self):
        """Return whether the page is connected to its kernel, and the kernel is idle."""
        kernel = self.lab.kernel(self.session)
        return kernel["connections"] == 1 and kernel["execution_state"] == "idle"

    def menu(self, *words):
        """Choose an entry of one of JupyterLab's menus."""
        for word in words:
            self.page.locator(".lm-MenuBar-itemLabel, .lm-Menu-itemLabel").get_by_text(word, exact=True).click()

    def run_all(self):
        """Run all cells, and wait until they have finished or one has failed."""
        ACTIONS["runs of all cells"] += 1
        cells = self.page.locator(".jp-CodeCell").count()
        self.page.evaluate(NOTE_LIVE_PICTURES)
        self.menu("Run", "Run All Cells")
        wait_until(lambda: self.count() >= cells or self.errors(), lambda: f"{self.count()} of {cells} ran", LONGEST)
        self.wait_for_widgets()

    def count(self):
        """Return the number of cells that the kernel has run."""
        return self.kernel.ask("get_ipython().execution_count") - 1

    def save(self):
        """Save the notebook, and wait until its file has changed."""
        ACTIONS["saves"] += 1
        file = self.lab.folder / "root" / self.path
        before = file.stat().st_mtime_ns
        self.menu("File", "Save Notebook")
        wait_until(lambda: file.stat().st_mtime_ns > before, f"{self.name} is not saved")

    def reload(self):
        """Reload the page, and wait until its cells, kernel and widgets are ready."""
        ACTIONS["reloads"] += 1
        self.page.reload()
        self._wait_for_cells()
        self.wait_for_widgets()

    def wait_for_widgets(self):
        """Wait until all of the kernel's widgets are on the page."""
        wait_until(
            lambda: self.boxes().count() == self.made(),
            lambda: f"{self.boxes().count()} of {self.made()} widgets are in the page",
        )

    def made(self):
        """Return the number of widgets in the kernel."""
        return self.kernel.inside("count()")

    def boxes(self):
        """Return the locator of the outputs that are widgets of explore."""
        return self.page.locator(".jp-OutputArea-output:has(img.widget-image):not(:has(.drawing-pad))")

    def widgets(self):
        """Return the widgets, in order."""
        return [Widget(self.page, self.boxes().nth(number), self.kernel, number) for number in range(self.made())]

    def errors(self):
        """Return the texts of all outputs that are errors or warnings."""
        return self.page.locator(ERRORS).all_inner_texts()

    def wait_for_pictures(self):
        """Wait until every picture of the notebook has a width."""
        wait_until(lambda: not self.without_width(), lambda: f"no width: {self.without_width()}")

    def without_width(self):
        """Return the pictures that have no width."""
        return self.page.evaluate(WITHOUT_WIDTH)

    def trouble(self):
        """Return the log since the notebook was opened, from the first sign of trouble on."""
        return trouble_in(self.lab.written()[self.log_before :])

    def live_pictures(self):
        """Return the number of pictures that the live displays have shown."""
        return self.page.evaluate("() => window.livePictures.size")

    def close(self):
        """Close the page and end its kernel."""
        self.kernel.close()
        self.page.close()
        self.lab.end(self.session)
