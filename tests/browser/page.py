"""A notebook open in JupyterLab: how it is opened, run, saved and loaded again, and what a reader would complain of.

Order       the session comes first, the page second, and no cell runs before the page's kernel is idle: otherwise a
            page may start two kernels, and Run All then stops after a cell.
Complaints  what the browser's console calls an error, errors of the page's own code, answers from 400 on.
Log         what server and kernels wrote since the notebook was opened: a kernel that is ended may complain of that,
            and the notebook after it has no part in it.
"""

from browser.kernel import LONGEST, Kernel
from browser.lab import PATIENCE, wait_until
from browser.widget import ACTIONS, Widget

ERRORS = ", ".join(
    f'.jp-OutputArea-output[data-mime-type="application/vnd.jupyter.{kind}"]' for kind in ("error", "stderr")
)
WITHOUT_WIDTH = """() => [...document.querySelectorAll(".jp-Notebook img")]
    .filter(image => !image.naturalWidth || !image.getBoundingClientRect().width)
    .map(image => `${image.src.slice(0, 80)} "${image.alt}"`)"""
# A live display of training is a bar and a picture: each picture that is put beside a bar is noted.
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
        Of the notebook, without its folder and ending.
    """

    def __init__(self, lab, browser, name):
        self.lab, self.name, self.path = lab, name, f"notebooks/{name}.ipynb"
        self.said_before = len(lab.said())
        self.session = lab.begin(self.path)
        self.kernel = Kernel(lab.connection_file(self.session))
        self.complaints = []
        self.page = browser.new_page(viewport={"width": 1300, "height": 1100})
        self._listen()
        self.page.goto(lab.url(f"lab/tree/{self.path}?reset"))
        self._wait_for_cells()

    def _listen(self):
        note = self.complaints.append
        self.page.on("console", lambda message: note(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: note(str(error)))
        self.page.on("response", lambda got: note(f"{got.status} {got.url}") if got.status >= 400 else None)

    def _wait_for_cells(self):
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=1000 * PATIENCE)
        wait_until(self.is_idle, lambda: f"{self.name}: the kernel is {self.lab.kernel(self.session)}")

    def is_idle(self):
        """Return whether the page has its kernel, and the kernel nothing to do."""
        kernel = self.lab.kernel(self.session)
        return kernel["connections"] == 1 and kernel["execution_state"] == "idle"

    def menu(self, *words):
        """Choose an entry of a menu of JupyterLab."""
        for word in words:
            self.page.locator(".lm-MenuBar-itemLabel, .lm-Menu-itemLabel").get_by_text(word, exact=True).click()

    def run_all(self):
        """Run all cells, and wait until they have run or one has failed."""
        ACTIONS["runs of all cells"] += 1
        cells = self.page.locator(".jp-CodeCell").count()
        self.page.evaluate(NOTE_LIVE_PICTURES)
        self.menu("Run", "Run All Cells")
        wait_until(lambda: self.count() >= cells or self.errors(), lambda: f"{self.count()} of {cells} ran", LONGEST)
        self.wait_for_widgets()

    def count(self):
        """Return how many cells the kernel has run."""
        return self.kernel.ask("get_ipython().execution_count") - 1

    def save(self):
        """Save the notebook, and wait until the file is new."""
        ACTIONS["saves"] += 1
        file = self.lab.folder / "root" / self.path
        before = file.stat().st_mtime_ns
        self.menu("File", "Save Notebook")
        wait_until(lambda: file.stat().st_mtime_ns > before, f"{self.name} is not saved")

    def reload(self):
        """Load the page again, and wait until cells, kernel and widgets are back."""
        ACTIONS["reloads"] += 1
        self.page.reload()
        self._wait_for_cells()
        self.wait_for_widgets()

    def wait_for_widgets(self):
        """Wait until as many widgets are in the page as the kernel has."""
        wait_until(
            lambda: self.boxes().count() == self.made(),
            lambda: f"{self.boxes().count()} of {self.made()} widgets are in the page",
        )

    def made(self):
        """Return how many widgets the kernel has."""
        return self.kernel.inside("count()")

    def boxes(self):
        """Return the locator of the outputs that are widgets."""
        return self.page.locator(".jp-OutputArea-output:has(img.widget-image)")

    def widgets(self):
        """Return the widgets, in their order."""
        return [Widget(self.page, self.boxes().nth(number), self.kernel, number) for number in range(self.made())]

    def errors(self):
        """Return the texts of all outputs that are errors or warnings."""
        return self.page.locator(ERRORS).all_inner_texts()

    def wait_for_pictures(self):
        """Wait until every picture of the notebook has a width."""
        wait_until(lambda: not self.without_width(), lambda: f"no width: {self.without_width()}")

    def without_width(self):
        """Return the pictures that cannot be seen."""
        return self.page.evaluate(WITHOUT_WIDTH)

    def trouble(self):
        """Return what server and kernels wrote since the notebook was opened, from the first word of trouble on."""
        said = self.lab.said()[self.said_before :]
        places = [said.find(word) for word in ("Traceback", "died", "restarting")]
        return said[min((place for place in places if place >= 0), default=len(said)) :]

    def live_pictures(self):
        """Return how many pictures the live displays have shown."""
        return self.page.evaluate("() => window.livePictures.size")

    def close(self):
        """End the page and its kernel."""
        self.kernel.close()
        self.page.close()
        self.lab.end(self.session)
