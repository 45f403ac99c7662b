"""Names of which the invented leads are made."""

FIRST = (
    "Maria James Fatima John Sofia David Aisha Daniel Anna Michael Priya Thomas Emma Ahmed Laura Peter Olivia Omar Julia Carlos Nadia Lucas"
    " Hannah Ravi Elena Samuel Grace Yusuf Clara Martin Leila Victor Amelia Hassan Ingrid Pablo Mei Noah Zainab Oscar Freya Ivan Chloe"
    " Tariq Alice Bruno Deepa Henry Salma Erik Rosa Kofi Vera Hugo Amina Felix Nora Arjun Ella Mateo Yara Simon Lina Dmitri Ruth Karim"
    " Beatriz Owen Hana Stefan Meera Adam Irina Leo Zara Paul Astrid Bilal Eva Nikhil Joan Rafael Dina Colin Asha Gustav Tara Jamal Isla"
    " Anton Layla Marek Sunita Ewan Paula Idris Helga Tomás Zoë Jürgen Renée André"
).split()
LAST = (
    "Smith Khan Garcia Jones Patel Müller Brown Hussain Rossi Taylor Nguyen Silva Wilson Ali Schmidt Davies Singh Novak Evans Lopez"
    " Thomas Ibrahim Johansson Roberts Kumar Dubois Walker Rahman Costa Wright Chen Fischer Robinson Begum Moreau Thompson Sharma Larsen"
    " White Ahmed Ferrari Hughes Osman Weber Edwards Mehta Petrov Green Farouk Jansen Hall Okafor Romano Wood Shah Becker Harris Mensah"
    " Kowalski Lewis Desai Berg Martin Saleh Nowak Jackson Rao Lund Clarke Aziz Horvat Clark Reddy Lindgren Turner Haddad Popescu Hill"
    " Gupta Keller Scott Mansour Ivanova Cooper Joshi Nielsen Morris Abbas Santos Ward Iyer Vogel Moore Yilmaz Pereira King Bose Huber"
).split()
# Joined in every way, they stand for the many names that few people have.
HEADS = "Ash Bel Black Brad Bren Cal Car Cran Dal Dun East El Fair Glen Green Hart Hol Kir Lang Lock Mar Nor Oak Pem Rad Rock Sel Stan Thorn Whit".split()
TAILS = "bury by combe croft dale den field ford gate ham hurst land ley man mere more ridge shaw stead ton ville ward well wick worth".split()
AREAS = "Northgate Riverside Old Town Hillcrest Lakeside Westend Harbour Meadows Parkside Southfield".split()
INTERESTS = ("Piano", "Violin", "Guitar", "Singing", "Drums", "Mathematics", "English", "Physics", "Chess", "Drawing")
RARE = "Quillfeather"
