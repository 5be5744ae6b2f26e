"""The institutions' workbook, in and out."""
