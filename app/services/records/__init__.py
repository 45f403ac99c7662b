"""Records of students as the standards have them: made on enrollment, imported, merged, given out and erased."""
