"""Who asks: people, groups, tokens of programs, logins; what each may see is told by claims."""
