"""The routes of what people say and ask for; who asks is told by `fink_lib.accounts`, and sees what he may."""
