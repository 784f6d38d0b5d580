"""Items and answers from and to the files of other annotation tools."""
