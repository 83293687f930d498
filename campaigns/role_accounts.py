"""Names of mailboxes that belong to a role and not to a person.

Source: RFC 2142 ("Mailbox Names for Common Services, Roles and Functions"), and beyond it names
that companies commonly publish for a whole office, in English, German, French and Spanish.
"""

RFC_2142 = """
    info marketing sales support abuse noc security postmaster hostmaster usenet news webmaster
    www uucp ftp
"""

AUTOMATIC = """
    noreply no-reply no_reply no.reply donotreply do-not-reply do_not_reply nobody mailer-daemon
    mailerdaemon bounce bounces daemon root list listserv majordomo autoreply notifications
    notification alerts alert newsletter
"""

ENGLISH = """
    account accounting accounts admin administration administrator all billing booking bookings
    careers ceo compliance contact contactus customercare customerservice dev devops dns editor
    editorial enquiries enquiry everyone feedback finance frontdesk hello help helpdesk hi hr
    inquiries inquiry invoice invoices it jobs legal mail mailbox management media office
    operations ops orders order partners payments payroll press privacy procurement purchasing
    reception recruiting recruitment registration reservations returns secretary service services
    shop spam staff store subscribe sysadmin tech team unsubscribe web
"""

GERMAN = """
    anfrage anfragen bestellung bestellungen bewerbung bewerbungen buchhaltung buero büro
    datenschutz einkauf empfang geschaeftsfuehrung geschäftsführung hallo hilfe kontakt kundendienst
    kundenservice personal post presse rechnung rechnungen redaktion sekretariat verkauf vertrieb
    verwaltung zentrale
"""

FRENCH = """
    accueil achats administratif bonjour bureau commande commandes commercial compta comptabilite
    comptabilité courrier direction equipe équipe facturation factures presse recrutement
    renseignements rh secretariat secrétariat ventes
"""

SPANISH = """
    administracion administración atencion atención ayuda compras comunicacion comunicación
    contabilidad contacto correo direccion dirección equipo empleo facturacion facturación hola
    informacion información oficina pedidos prensa reservas rrhh secretaria secretaría soporte
    ventas
"""

ROLE_NAMES = frozenset(" ".join((RFC_2142, AUTOMATIC, ENGLISH, GERMAN, FRENCH, SPANISH)).split())
