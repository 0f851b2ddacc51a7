"""What every stage uses: errors, files, tables, arrays, intervals, the job's frame."""
