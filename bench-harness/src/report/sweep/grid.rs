//! A table, before it has a form.

/// Columns of a terminal.
pub(super) const TERMINAL: usize = 80;

/// How a line is shown where there are colors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    Heading,
    Winner,
    Tied,
    Missed,
    Bad,
}

/// Rows of equal length.
pub(super) struct Grid {
    pub(super) header: Vec<String>,
    pub(super) rows: Vec<Vec<String>>,
    /// How many columns from the left are words, the others are numbers.
    pub(super) words: usize,
}

impl Grid {
    /// Without the columns that say nothing, of which none is made of words.
    pub(super) fn without_empty_columns(mut self) -> Self {
        let filled: Vec<bool> =
            (0..self.header.len()).map(|column| self.rows.iter().any(|row| !row[column].is_empty())).collect();
        for line in std::iter::once(&mut self.header).chain(&mut self.rows) {
            let mut filled = filled.iter();
            line.retain(|_| *filled.next().expect("rows of equal length"));
        }
        self
    }

    /// Of the text, in characters.
    pub(super) fn width(&self) -> usize {
        self.text().lines().map(|line| line.chars().count()).max().unwrap_or(0)
    }

    pub(super) fn text(&self) -> String {
        self.lines().map(|(_, line)| line).collect::<Vec<_>>().join("\n")
    }

    /// What the marks and words of a row say.
    fn look(row: &[String]) -> Look {
        match row.first().map(String::as_str) {
            Some("*") => Look::Winner,
            Some("=") => Look::Tied,
            _ if row.iter().any(|cell| ["not reached", "diverged"].contains(&cell.as_str())) => Look::Missed,
            _ => Look::Plain,
        }
    }

    /// Columns of equal width, two spaces apart (one behind a mark), without spaces at the end of lines.
    pub(super) fn lines(&self) -> impl Iterator<Item = (Look, String)> {
        let lines = || std::iter::once(&self.header).chain(&self.rows);
        let width = |text: &str| text.chars().count();
        let columns = 0..self.header.len();
        let widths: Vec<usize> =
            columns.map(|column| lines().map(|row| width(&row[column])).max().unwrap_or(0)).collect();
        let line = move |row: &Vec<String>| {
            let mut line = String::new();
            for (column, cell) in row.iter().enumerate() {
                let room = " ".repeat(widths[column] - width(cell));
                let gap = match column {
                    0 => "",
                    _ if widths[column - 1] == 1 => " ",
                    _ => "  ",
                };
                line += &if column < self.words { format!("{gap}{cell}{room}") } else { format!("{gap}{room}{cell}") };
            }
            line.trim_end().to_owned()
        };
        let looks = std::iter::once(Look::Heading).chain(self.rows.iter().map(|row| Self::look(row)));
        looks.zip(lines().map(line))
    }

    pub(super) fn markdown(&self) -> String {
        let line = |row: &Vec<String>| {
            let cells: Vec<String> = row.iter().map(|cell| cell.replace('|', "\\|").replace('*', "\\*")).collect();
            format!("| {} |", cells.join(" | "))
        };
        let rule: Vec<_> =
            (0..self.header.len()).map(|column| if column < self.words { "---" } else { "---:" }.to_owned()).collect();
        let lines = [&self.header, &rule].into_iter().chain(&self.rows);
        lines.map(line).collect::<Vec<_>>().join("\n") + "\n"
    }
}

pub(super) fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// The row that begins with these words; if there is none, a new one with so many columns, which are empty so far.
pub(super) fn row_of(rows: &mut Vec<Vec<String>>, words: Vec<String>, columns: usize) -> &mut Vec<String> {
    let at = rows.iter().position(|row| row.starts_with(&words)).unwrap_or_else(|| {
        let mut row = words;
        row.resize(columns, String::new());
        rows.push(row);
        rows.len() - 1
    });
    &mut rows[at]
}

/// A table that has rows.
pub(super) fn filled(header: Vec<String>, rows: Vec<Vec<String>>, words: usize) -> Option<Grid> {
    (!rows.is_empty()).then_some(Grid { header, rows, words })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_at_the_right() {
        let rows = [["*", "ab", "1"], ["", "c", "1000"]].map(|row| row.map(str::to_owned).to_vec()).to_vec();
        let grid = Grid { header: ["", "name", "n"].map(str::to_owned).to_vec(), rows, words: 2 };
        assert_eq!(grid.text(), "  name     n\n* ab       1\n  c     1000");
        assert_eq!(grid.markdown(), "|  | name | n |\n| --- | --- | ---: |\n| \\* | ab | 1 |\n|  | c | 1000 |\n");
    }
}
