//! The git commit of the current folder.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

/// Its 40 digits, with `-dirty` where files differ from it; `None` where there is no git, no repository or no commit.
pub(super) async fn commit() -> Option<String> {
    of(Path::new(".")).await
}

async fn of(folder: &Path) -> Option<String> {
    // It only reads: no lock, and no program that the repository names.
    let output = Command::new("git")
        .args(["--no-optional-locks", "-c", "core.fsmonitor=false", "describe", "--always"])
        .args(["--dirty", "--abbrev=40", "--exclude=*"])
        .current_dir(folder)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .output();
    let output = output.await.ok().filter(|output| output.status.success())?;
    let text = String::from_utf8(output.stdout).ok()?.trim().to_owned();
    let digits = text.strip_suffix("-dirty").unwrap_or(&text);
    let is_commit = digits.len() >= 40 && digits.bytes().all(|digit| digit.is_ascii_hexdigit());
    is_commit.then_some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_changed_file_is_said() {
        let folder = std::env::temp_dir().join(format!("weir-commit-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let git = async |arguments: &[&str]| {
            let mut git = Command::new("git");
            git.args(["-c", "user.name=a", "-c", "user.email=a@example.org"]).args(arguments);
            let ended = git.current_dir(&folder).stdout(Stdio::null()).status().await.unwrap();
            assert!(ended.success(), "{arguments:?}");
        };
        git(&["init", "--quiet"]).await;
        let none = of(&folder).await;
        std::fs::write(folder.join("file"), "one").unwrap();
        git(&["add", "file"]).await;
        git(&["commit", "--quiet", "--message=one"]).await;
        git(&["tag", "v1"]).await;
        let clean = of(&folder).await.unwrap();
        std::fs::write(folder.join("file"), "two").unwrap();
        let dirty = of(&folder).await.unwrap();
        std::fs::remove_dir_all(&folder).unwrap();
        assert_eq!((none, clean.len()), (None, 40));
        assert_eq!(dirty, format!("{clean}-dirty"));
    }
}
