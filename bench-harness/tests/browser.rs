//! Pages in Chromium, where there is one: nothing fails, nothing is asked of the network, and nothing shown is empty.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_simdescent");

/// The browser's own name, if it is here.
fn chromium() -> Option<&'static str> {
    let starts = |name: &&str| {
        let mut command = Command::new(name);
        command
            .arg("--version")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .is_ok_and(|status| status.success())
    };
    ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"].into_iter().find(starts)
}

/// The document after its script ran, and what the browser logged.
fn visit(browser: &str, page: &Path, folder: &Path) -> (String, String) {
    let log = folder.join("net.json");
    let output = Command::new(browser)
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"])
        .args([
            "--disable-background-networking",
            "--disable-component-update",
            "--enable-logging=stderr",
            "--dump-dom",
            // The browser itself asks what time it is.
            "--disable-features=NetworkTimeServiceQuerying",
        ])
        .arg(format!("--user-data-dir={}", folder.join("profile").display()))
        .arg(format!("--log-net-log={}", log.display()))
        .arg(format!("file://{}", page.display()))
        .output()
        .expect("it has started before");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let net = fs::read_to_string(&log).unwrap();
    for part in net.split("\"url\":\"").skip(1) {
        let url = part.split('"').next().unwrap();
        // The browser asks its maker on its own account, whatever it shows: what the page itself names is in tests/page.rs.
        let host = url.split("://").nth(1).and_then(|rest| rest.split(['/', ':']).next()).unwrap_or_default();
        if host.ends_with(".google.com") || host.ends_with(".googleapis.com") {
            continue;
        }
        assert!(!url.contains("://") || url.starts_with("file://") || url.starts_with("chrome"), "asked for {url}");
    }
    (String::from_utf8(output.stdout).unwrap(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn pages_work_in_a_browser() {
    let Some(browser) = chromium() else {
        eprintln!("skipped: no Chromium here, so no page was opened");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let study = "name = 'small'\noptimizers = ['sgd', 'adam']\nbatch-sizes = [8, 32, 128]\nrepeats = 3\n\
        [tuning]\npoints = 4\nseeds = 2\n[throughput]\nrounds = 2\nmilliseconds = 1\n[[workloads]]\n\
        problem = { workload = 'linear' }\nloss-on = 'training'\nbudget-samples = 20_000\n";
    fs::write(folder.path().join("study.toml"), study).unwrap();
    fs::write(folder.path().join("space.toml"), "[learning-rate]\nrate = { log = [1e-3, 1] }\n").unwrap();
    for (page, command) in [
        ("out/report.html", "sweep --study study.toml --out out"),
        ("training.html", "train --workload softmax --rate 0.1 --steps 60 --validate-every 20 --page training.html"),
        ("search.html", "tune search --space space.toml --trials 9 --workload linear --steps 40 --page search.html"),
        ("curve.html", "learning-curve --workload linear --rate 0.01 --steps 40 --page curve.html"),
    ] {
        let mut run = Command::new(PROGRAM);
        let output = run.args(command.split(' ')).current_dir(folder.path()).output().unwrap();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        let (document, log) = visit(browser, &folder.path().join(page), folder.path());
        assert!(!log.contains("CONSOLE"), "{page}: {log}");
        // The script ran to its end.
        assert!(document.contains("<html lang=\"en\" class=\"js\"") && document.contains("id=\"tip\""), "{page}");
        assert!(document.contains("data-s=\"0\"") && document.contains("<svg class=\"chart\""), "{page}");
        if page == "out/report.html" {
            // Of three targets one is shown.
            assert!(document.matches("data-t=\"0\" hidden").count() > 0, "{page}: nothing is hidden");
            let shown = document.matches("data-t=\"2\">").count() + document.matches("data-t=\"1\">").count();
            assert!(shown > 0, "{page}: nothing is shown");
        }
    }
}
