@rem The quickstart script starts with the shell's exec, so that Ctrl-C reaches it; cmd has none.
@%*
